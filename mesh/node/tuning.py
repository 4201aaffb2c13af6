"""How an agent's process sits on its host: CPUs, scheduler, idle strategy, memory, addresses, idle states.

Nothing is tuned that the configuration does not name, and what it names is applied or the process ends: an agent that
quietly runs slower than its operator believes is worse than one that does not start. Everything is set before the first
thread and the first socket, so that libzmq's I/O thread inherits it: an agent's two threads on one CPU are a third
faster than on two (measured), which is why `cpus` moves the whole process.

The two settings that can hurt are guarded or off. A spinning loop takes a CPU from whoever needs it: with as many
spinning threads as CPUs a round trip went from 0.2 to 4 ms (measured), so `busy_poll` is refused there. SCHED_FIFO was
no gain on an idle host, so `other` is the default.

Agents that share a CPU can have their code at the same addresses: what the CPU has learnt of a branch in one process
then holds in the next, for it goes by addresses (`address_layout`). The kernel gives each program addresses of its own
so that who breaks into one must guess; so that is no default. Code is laid in the order in which it is loaded, so all
compiled modules are loaded at once then, in one order, whatever the agent's role needs of them.
"""

import errno
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from schemas.config import AgentConfig, Config
from schemas.errors import ConfigError

MCL_CURRENT = 1
MCL_FUTURE = 2
PR_SET_THP_DISABLE = 41
ADDR_NO_RANDOMIZE = 0x0040000
PERSONALITY_IS = 0xFFFFFFFF
"""Constants of Linux: <sys/mman.h>, <linux/prctl.h>, <sys/personality.h>, and what asks for the present personality."""

COMPILED = ("core", "mesh", "agents")
"""Packages with compiled modules."""

ANEW = "TICKMESH_STARTED_ANEW"
"""Set in the environment of a process that was started anew for its addresses."""

ISOLATED = Path("/sys/devices/system/cpu/isolated")
CPU_LATENCY = Path("/dev/cpu_dma_latency")
"""Holds CPUs out of slow idle states for as long as it is open (Linux, power/pm_qos_interface)."""


def apply(name: str, config: Config) -> None:
    """Tune this process as the table of agent `name` says. For `address_layout` it is started anew, once, in place.

    Raises:
        ConfigError: If the host does not allow it; the message names the key, what was found and what is allowed.
    """
    own = config.agents[name]
    if own.address_layout == "fixed":
        _fix_addresses(name)
    available = os.sched_getaffinity(0)
    if own.idle == "busy_poll":
        check_spinning(name, config, isolated_cpus(), available)
    if own.cpus:
        _take_cpus(name, own, available)
    if own.memory_lock:
        _lock_memory(name)
    if own.huge_pages == "never":
        _refuse_huge_pages(name)
    if own.cpu_latency_us_max >= 0:
        _hold_cpu_latency(name, own, CPU_LATENCY)
    if own.scheduler == "fifo":
        _take_fifo(name, own)


def check_spinning(name: str, config: Config, isolated: set[int], available: set[int]) -> None:
    """Check that the spinning threads of this agent's host leave a CPU to everything else, and each other alone.

    They are counted against the isolated CPUs if all of them are pinned there, else against those that are available.

    Raises:
        ConfigError: If there are too few.
    """
    spinning = [peer for peer in same_host(name, config) if config.agents[peer].idle == "busy_poll"]
    pinned = [set(config.agents[peer].cpus) for peer in spinning]
    apart = all(each and each <= isolated for each in pinned)
    cpus = isolated if apart else available
    found = f'agents.{name}.idle: "busy_poll" for {len(spinning)} agents of this host ({", ".join(spinning)})'
    if len(cpus) <= len(spinning):
        kind = "isolated" if apart else "available"
        raise ConfigError(
            f"{found} on {len(cpus)} {kind} CPUs ({cpu_list(cpus)}); allowed: fewer spinning agents than CPUs; "
            f'set idle = "block" or isolate more CPUs and name them in `cpus`'
        )
    if all(pinned) and len(set().union(*pinned)) < len(spinning):
        raise ConfigError(
            f"{found} on CPUs {cpu_list(set().union(*pinned))}; allowed: a CPU for each; change their `cpus`"
        )
    if config.agents[name].scheduler == "fifo" and not apart:
        raise ConfigError(
            f'agents.{name}.scheduler: "fifo" for an agent that spins on CPUs that are not isolated; allowed: "other", or '
            f"`cpus` among the isolated ones ({cpu_list(isolated) or 'none'}): nothing else would run there"
        )


def isolated_cpus(path: Path = ISOLATED) -> set[int]:
    """Return the CPUs that the kernel's scheduler leaves alone; none where it does not tell."""
    try:
        return parse_cpu_list(path.read_text(encoding="ascii"))
    except OSError:
        return set()


def same_host(name: str, config: Config) -> list[str]:
    """Return the agents on the host of agent `name`: all that are reached by ipc too, or behind the same address."""
    host = config.agents[name].tcp.rpartition(":")[0]
    return [peer for peer, table in config.agents.items() if table.tcp.rpartition(":")[0] == host]


def parse_cpu_list(text: str) -> set[int]:
    """Return the CPUs of a list as the kernel writes it: `0-2,5`.

    Raises:
        ValueError: If it is no such list.
    """
    cpus: set[int] = set()
    for part in filter(None, text.strip().split(",")):
        first, _, last = part.partition("-")
        cpus.update(range(int(first), int(last or first) + 1))
    return cpus


def cpu_list(cpus: Iterable[int]) -> str:
    """Return CPUs as the kernel lists them: `0-2,5`."""
    runs: list[list[int]] = []
    for cpu in sorted(cpus):
        if runs and runs[-1][1] == cpu - 1:
            runs[-1][1] = cpu
        else:
            runs.append([cpu, cpu])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def may_fix_addresses() -> str:
    """Return why this process may not have fixed addresses, empty if it may; nothing is changed."""
    before = _personality(PERSONALITY_IS)
    refused = _ask_fixed_addresses(before)
    if before >= 0:
        _personality(before)
    return refused


def has_fixed_addresses() -> bool:
    """Return whether this process was started with fixed addresses."""
    found = _personality(PERSONALITY_IS)
    return found >= 0 and bool(found & ADDR_NO_RANDOMIZE)


def _fix_addresses(name: str) -> None:
    """Run this process anew, with the same command and id, where the kernel gives every program the same addresses."""
    if has_fixed_addresses():
        os.environ.pop(ANEW, None)
        _load_in_order()
        return
    refused = _ask_fixed_addresses(_personality(PERSONALITY_IS))
    if not refused and ANEW in os.environ:
        refused = "it was forgotten when the process was started anew"
    if not refused:
        os.environ[ANEW] = "1"
        try:
            os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
        except OSError as error:
            refused = f"{sys.executable or 'the interpreter'} cannot be started anew: {error.strerror}"
    raise ConfigError(
        f'agents.{name}.address_layout: "fixed": {refused}; set LockPersonality=no in the systemd unit '
        f'(systemd/tuning.conf), allow personality() in the container, or set address_layout = "random"'
    )


def _load_in_order() -> None:
    """Load every compiled module, so that each lies where it does in any other agent; none of them is initialised."""
    import ctypes
    from importlib.util import find_spec

    for package in COMPILED:
        spec = find_spec(package)
        assert spec is not None
        for folder in spec.submodule_search_locations or ():
            for module in sorted(Path(folder).rglob("*.so")):
                ctypes.CDLL(str(module))


def _ask_fixed_addresses(found: int) -> str:
    """Ask for fixed addresses at the next execve, beside the personality `found`; return why not, empty if they will be."""
    if found < 0 or _personality(found | ADDR_NO_RANDOMIZE) < 0:
        import ctypes

        return f"the kernel refuses: {os.strerror(ctypes.get_errno())}"
    # A kernel may take the flag and forget it.
    return "" if has_fixed_addresses() else "the kernel takes no notice"


def _personality(wanted: int) -> int:
    """Set the personality, or only ask for it (`PERSONALITY_IS`); return the one before, -1 if that is refused."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    libc.personality.argtypes = [ctypes.c_ulong]
    return int(libc.personality(wanted))


def _take_cpus(name: str, own: AgentConfig, available: set[int]) -> None:
    """Pin this process, and with it libzmq's I/O thread."""
    try:
        os.sched_setaffinity(0, own.cpus)
    except OSError as error:
        allowed = cpu_list(available)
        raise ConfigError(f"agents.{name}.cpus: {list(own.cpus)} (allowed: {allowed}): {error.strerror}") from error


def _lock_memory(name: str) -> None:
    import ctypes
    import resource

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mlockall(MCL_CURRENT | MCL_FUTURE) == 0:
        return
    reason = os.strerror(ctypes.get_errno())
    limit = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0]
    found = "no limit" if limit == resource.RLIM_INFINITY else f"{limit} bytes"
    raise ConfigError(
        f"agents.{name}.memory_lock: memory cannot be locked: {reason} (found: {found}; allowed: all that the agent maps, "
        f"its log included); raise LimitMEMLOCK of the systemd unit (ulimit -l in a shell) or set memory_lock = false"
    )


def _refuse_huge_pages(name: str) -> None:
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) != 0:
        reason = os.strerror(ctypes.get_errno())
        raise ConfigError(f'agents.{name}.huge_pages: "never": the kernel refuses: {reason}; set huge_pages = "host"')


def _hold_cpu_latency(name: str, own: AgentConfig, device: Path) -> int:
    """Return the descriptor that holds the latency; it stays open until the process ends."""
    try:
        held = os.open(device, os.O_WRONLY | os.O_CLOEXEC)
        os.write(held, own.cpu_latency_us_max.to_bytes(4, sys.byteorder))
    except OSError as error:
        raise ConfigError(
            f"agents.{name}.cpu_latency_us_max: {own.cpu_latency_us_max} cannot be held: {device}: {error.strerror}; "
            f"let the agent's user write there (systemd: DeviceAllow={device} rw) or set -1"
        ) from error
    return held


def _take_fifo(name: str, own: AgentConfig) -> None:
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(own.priority))
    except OSError as error:
        if error.errno != errno.EPERM:
            raise
        import resource

        limit = resource.getrlimit(resource.RLIMIT_RTPRIO)[0]
        raise ConfigError(
            f'agents.{name}.scheduler: "fifo" with priority {own.priority} is not permitted (found: a limit of {limit}; '
            f"allowed: a priority up to the limit, or CAP_SYS_NICE); set LimitRTPRIO={own.priority} and "
            f'RestrictRealtime=no in the systemd unit (systemd/tuning.conf) or scheduler = "other"'
        ) from error
