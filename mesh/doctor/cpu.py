"""Checks of the CPUs: clock source, isolation, frequency, idle states, siblings, interrupts, spinning agents.

Most matter only for CPUs that agents are pinned to; where none is, every CPU of the host is looked at. What is wanted
follows the kernel's own documents: admin-guide/kernel-parameters, admin-guide/pm, core-api/irq, timers/no_hz.
"""

import struct
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from mesh.doctor.findings import Finding, Host, Status, judge
from mesh.node.tuning import check_spinning, cpu_list, parse_cpu_list
from schemas.config import AgentConfig, Config
from schemas.errors import ConfigError

CLOCK_SOURCE = "/sys/devices/system/clocksource/clocksource0/current_clocksource"
CPUS = "/sys/devices/system/cpu"
EXIT_LATENCY_US_MAX = 10
"""Idle states that take longer to leave than this are felt in a chain of a few wake-ups of 25 us each."""

NO_LATENCY_LIMIT_US = 2_000_000_000
"""What /dev/cpu_dma_latency tells when nobody holds it."""


def check_clock_source(host: Host) -> Finding:
    """The clock is read on every message: from the CPU's own counter without a system call, from most others by one."""
    found = host.text(CLOCK_SOURCE)
    if found is None:
        return Finding("clock_source", Status.UNKNOWN, "the host does not tell", "tsc")
    fix = "boot with clocksource=tsc tsc=reliable if /proc/cpuinfo has constant_tsc and nonstop_tsc"
    return judge("clock_source", found == "tsc", found, "tsc", fix)


def check_pinned(host: Host, pinned: Collection[int]) -> Finding:
    """The CPUs that agents are pinned to are there."""
    online = _cpus(host, f"{CPUS}/online")
    if not online:
        return Finding("pinned_cpus", Status.UNKNOWN, "the host does not tell its CPUs", "online")
    found = f"pinned: {_told(set(pinned))}; online: {cpu_list(online)}"
    return judge("pinned_cpus", set(pinned) <= online, found, "online", "change agents.NAME.cpus", Status.FAIL)


def check_isolated(host: Host, pinned: Collection[int]) -> Finding:
    """CPUs that agents are pinned to are left alone by the scheduler."""
    isolated = _cpus(host, f"{CPUS}/isolated")
    if not pinned:
        fix = "set agents.NAME.cpus, and boot with isolcpus=LIST for them, to keep other processes off the agents' CPUs"
        return Finding("isolated_cpus", Status.WARN, f"{_told(isolated)}; no agent is pinned", "pinned, isolated", fix)
    rest = set(pinned) - isolated
    fix = f"boot with isolcpus=managed_irq,domain,{cpu_list(pinned)}"
    return judge("isolated_cpus", not rest, _told(isolated), cpu_list(pinned), fix)


def check_tickless(host: Host, pinned: Collection[int]) -> Finding:
    """CPUs that agents are pinned to have no timer tick while one thread runs there."""
    tickless = _cpus(host, f"{CPUS}/nohz_full")
    if not pinned:
        return Finding("tickless_cpus", Status.OK, f"{_told(tickless)}; no agent is pinned", "the agents' CPUs")
    fix = f"boot with nohz_full={cpu_list(pinned)} rcu_nocbs={cpu_list(pinned)}"
    return judge("tickless_cpus", not set(pinned) - tickless, _told(tickless), cpu_list(pinned), fix)


def check_governor(host: Host, pinned: Collection[int]) -> Finding:
    """The CPUs run at full frequency, not at one that follows the load."""
    found = {c: host.text(f"{CPUS}/cpu{c}/cpufreq/scaling_governor") for c in _chosen(host, pinned)}
    told = {governor for governor in found.values() if governor is not None}
    if not told:
        return Finding("governor", Status.UNKNOWN, "no frequency control to be seen (virtual machine?)", "performance")
    others = [cpu for cpu, governor in found.items() if governor not in (None, "performance")]
    text = ", ".join(sorted(told)) + (f" (CPU {cpu_list(others)})" if others else "")
    return judge("governor", not others, text, "performance", "cpupower frequency-set -g performance")


def check_idle_states(host: Host, pinned: Collection[int], agents: Mapping[str, AgentConfig]) -> Finding:
    """The CPUs are kept out of idle states that take long to leave."""
    wanted = f"<= {EXIT_LATENCY_US_MAX} us to wake up"
    holders = [name for name, table in agents.items() if 0 <= table.cpu_latency_us_max <= EXIT_LATENCY_US_MAX]
    if holders:
        return Finding("idle_states", Status.OK, f"held by {holders[0]} while it runs", wanted)
    held_us = _held_latency_us(host.path("/dev/cpu_dma_latency"))
    if held_us is not None and held_us <= EXIT_LATENCY_US_MAX:
        return Finding("idle_states", Status.OK, f"held at {held_us} us by a process", wanted)
    worst = max((_exit_latency(host, cpu) for cpu in _chosen(host, pinned)), default=None)
    if worst is None or worst[0] < 0:
        driver = host.text(f"{CPUS}/cpuidle/current_driver") or "none"
        return Finding(
            "idle_states", Status.UNKNOWN, f"driver {driver}: left to the hypervisor or the firmware", wanted
        )
    latency_us, name = worst
    fix = (
        f"set cpu_latency_us_max = {EXIT_LATENCY_US_MAX} in an agent's table (holds it while the agent runs), or boot "
        f"with intel_idle.max_cstate=1 processor.max_cstate=1"
    )
    return judge("idle_states", latency_us <= EXIT_LATENCY_US_MAX, f"{name}: {latency_us} us", wanted, fix)


def check_siblings(host: Host, pinned: Collection[int]) -> Finding:
    """The hardware threads beside the agents' CPUs run nobody else's work."""
    wanted = "no other work on the siblings of the agents' CPUs"
    groups = {c: _cpus(host, f"{CPUS}/cpu{c}/topology/thread_siblings_list") for c in _chosen(host, pinned)}
    shared = sorted({cpu for group in groups.values() if len(group) > 1 for cpu in group})
    if not shared:
        return Finding("smt_siblings", Status.OK, "no siblings", wanted)
    if not pinned:
        return Finding("smt_siblings", Status.OK, f"CPUs {cpu_list(shared)} share cores; no agent is pinned", wanted)
    isolated = _cpus(host, f"{CPUS}/isolated")
    strange = {cpu for cpu in shared if cpu not in pinned and cpu not in isolated}
    crowded = [group for group in groups.values() if len(group & set(pinned)) > 1]
    found = f"siblings {cpu_list(strange)} open to all" if strange else f"siblings {cpu_list(shared)}"
    if crowded:
        found += f", agents share cores ({'; '.join(sorted({cpu_list(group) for group in crowded}))})"
    fix = f"isolate the siblings too, pin one agent to a core, or switch them off: echo off > {CPUS}/smt/control"
    return judge("smt_siblings", not strange and not crowded, found, wanted, fix)


def check_interrupts(host: Host, pinned: Collection[int]) -> Finding:
    """No network card interrupts the agents' CPUs."""
    wanted = "none on the agents' CPUs"
    lines = _nic_lines(host)
    if lines is None:
        return Finding("nic_interrupts", Status.UNKNOWN, "/proc/interrupts cannot be read", wanted)
    on = {number: _affinity(host, number) for number in lines}
    cpus = set().union(*on.values()) if on else set()
    told = f"{len(on)} on CPU {cpu_list(cpus)}" if on else "no network card to be seen"
    if not pinned:
        return Finding("nic_interrupts", Status.OK, f"{told}; no agent is pinned", wanted)
    bad = sorted(number for number, cpus in on.items() if cpus & set(pinned))
    named = ", ".join(f"{number} {lines[number]}" for number in bad)
    fix = "echo LIST > /proc/irq/NUMBER/smp_affinity_list with CPUs of no agent, after stopping irqbalance"
    return judge("nic_interrupts", not bad, named or told, wanted, fix)


def check_irqbalance(host: Host, pinned: Collection[int]) -> Finding:
    """Nobody moves interrupts back onto the agents' CPUs."""
    runs = "irqbalance" in host.processes()
    banned = host.text("/etc/default/irqbalance") or ""
    spared = any(line.startswith("IRQBALANCE_BANNED_CPULIST=") and line.strip("=\n ") for line in banned.splitlines())
    found = "runs" + (", with banned CPUs" if spared else "") if runs else "does not run"
    fix = f"systemctl disable --now irqbalance, or IRQBALANCE_BANNED_CPULIST={cpu_list(pinned)} in /etc/default/irqbalance"
    return judge("irqbalance", not (runs and pinned) or spared, found, "not on the agents' CPUs", fix)


def check_idle_strategy(
    config: Config, agents: Mapping[str, AgentConfig], isolated: set[int], available: set[int]
) -> list[Finding]:
    """Those of `agents` (this host's) that spin, if any, leave CPUs to all others."""
    wanted = "fewer spinning agents than CPUs"
    spinning = [name for name, table in agents.items() if table.idle == "busy_poll"]
    findings = []
    for name in spinning:
        try:
            check_spinning(name, config, isolated, available)
        except ConfigError as error:
            findings.append(
                Finding("idle_strategy", Status.FAIL, str(error).partition(";")[0], wanted, 'idle = "block"')
            )
    if findings:
        return findings
    found = f"busy_poll: {', '.join(spinning)}" if spinning else "every agent blocks"
    return [Finding("idle_strategy", Status.OK, found, wanted)]


def _chosen(host: Host, pinned: Collection[int]) -> Iterable[int]:
    return sorted(pinned) if pinned else sorted(_cpus(host, f"{CPUS}/online"))


def _cpus(host: Host, name: str) -> set[int]:
    try:
        return parse_cpu_list(host.text(name) or "")
    except ValueError:
        return set()  # nohz_full is "(null)" on kernels without it


def _told(cpus: set[int]) -> str:
    return cpu_list(cpus) or "none"


def _held_latency_us(device: Path) -> int | None:
    """Return the latency that processes hold now, None if nobody does or it cannot be read."""
    try:
        with device.open("rb") as opened:
            (held_us,) = struct.unpack("i", opened.read(4))
    except (OSError, struct.error):
        return None
    return int(held_us) if held_us < NO_LATENCY_LIMIT_US else None


def _exit_latency(host: Host, cpu: int) -> tuple[int, str]:
    """Return the longest exit latency of the idle states that are on, and that state; -1 where there are none."""
    worst = (-1, "")
    for state in host.glob(f"{CPUS}/cpu{cpu}/cpuidle/state*"):
        at = f"{CPUS}/cpu{cpu}/cpuidle/{state.name}"
        if host.text(f"{at}/disable") != "1":
            worst = max(worst, (int(host.text(f"{at}/latency") or 0), host.text(f"{at}/name") or state.name))
    return worst


def _nic_lines(host: Host) -> dict[str, str] | None:
    """Return the interrupts of real network interfaces: number to name."""
    interrupts = host.text("/proc/interrupts")
    if interrupts is None:
        return None
    devices = host.glob("/sys/class/net/*/device")
    names = {name for device in devices for name in (device.parent.name, device.resolve().name)}
    found = {}
    for line in interrupts.splitlines():
        number, _, rest = line.strip().partition(":")
        name = rest.split()[-1] if rest.split() else ""
        if number.isdecimal() and any(each in name for each in names):
            found[number] = name
    return found


def _affinity(host: Host, number: str) -> set[int]:
    cpus = _cpus(host, f"/proc/irq/{number}/effective_affinity_list")
    return cpus or _cpus(host, f"/proc/irq/{number}/smp_affinity_list")
