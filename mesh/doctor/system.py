"""Checks of the rest of the host: clock synchronisation, memory, limits, network buffers."""

import ctypes
import os
from collections.abc import Collection, Mapping

import msgspec

from mesh.doctor.findings import Finding, Host, Status, judge
from mesh.node.tuning import may_fix_addresses
from schemas.config import AgentConfig

STA_UNSYNC = 0x0040
TIME_ERROR = 5
"""<linux/timex.h>: the kernel holds its clock not to be synchronised."""

CLOCK_ERROR_US_MAX = 100_000
"""Venues refuse signed requests that are seconds off; ages of market data are judged in milliseconds."""

TIME_DAEMONS = frozenset({"chronyd", "ntpd", "systemd-timesyn", "ptp4l", "phc2sys", "openntpd"})
BUFFER_BYTES_MIN = 4 << 20
"""Bursts of depth updates arrive faster than one round of the loop takes them."""

OPEN_FILES_MIN = 4096
CAP_IPC_LOCK, CAP_SYS_NICE = 14, 23
HUGE_PAGES = "/sys/kernel/mm/transparent_hugepage/enabled"


class KernelClock(msgspec.Struct, frozen=True):
    """What the kernel says of its clock (adjtimex): its state, status bits, and bounds of its error."""

    state: int
    status: int
    error_us_max: int
    offset_us: float


def check_clock_sync(clock: KernelClock, host: Host, real_venues: bool) -> Finding:
    """The wall clock follows a reference: venues refuse requests from another time, and ages are judged by it."""
    wanted = f"synchronised, error <= {CLOCK_ERROR_US_MAX / 1000:.0f} ms"
    daemons = sorted(TIME_DAEMONS & host.processes())
    synchronised = clock.state != TIME_ERROR and not clock.status & STA_UNSYNC
    by = f"by {', '.join(daemons)}" if daemons else "no time daemon runs"
    found = f"{'synchronised' if synchronised else 'not synchronised'} ({by})"
    if synchronised:
        found += f", offset {clock.offset_us:.0f} us, error <= {clock.error_us_max / 1000:.1f} ms"
    fix = (
        "chronyc -a makestep, then chronyc tracking" if daemons else "apt install chrony, and wait for chronyc tracking"
    )
    bad = Status.FAIL if real_venues else Status.WARN
    return judge("clock_sync", synchronised and clock.error_us_max <= CLOCK_ERROR_US_MAX, found, wanted, fix, bad)


def check_huge_pages(host: Host, agents: Mapping[str, AgentConfig]) -> Finding:
    """No page is made huge behind an agent's back: compaction and splitting stop it at times of the kernel's choosing."""
    text = host.text(HUGE_PAGES)
    if text is None:
        return Finding("huge_pages", Status.UNKNOWN, "the host does not tell", "madvise or never")
    found = text.partition("[")[2].partition("]")[0]
    if agents and all(table.huge_pages == "never" for table in agents.values()):
        return Finding("huge_pages", Status.OK, f"{found}; every agent refuses them", "madvise or never")
    fix = f'echo madvise > {HUGE_PAGES}, or huge_pages = "never" in the agents\' tables'
    return judge("huge_pages", found in ("madvise", "never"), found, "madvise or never", fix)


def check_addresses(refused: str, agents: Mapping[str, AgentConfig]) -> Finding:
    """Agents that ask for fixed addresses get them, so far as can be told here: the systemd unit has a lock of its own.

    `refused` tells why the kernel would not let this process have them, empty if it would.
    """
    fixed = [name for name, table in agents.items() if table.address_layout == "fixed"]
    wanted = "fixed addresses allowed" if fixed else "random, or fixed where agents share a CPU"
    found = f"fixed for {', '.join(fixed)}" if fixed else "random"
    if fixed and refused:
        found = f"{found}, but {refused}"
    fix = 'allow personality() (LockPersonality=no, systemd/tuning.conf), or set address_layout = "random"'
    return judge("address_layout", not (fixed and refused), found, wanted, fix, Status.FAIL)


def check_swap(host: Host) -> Finding:
    """Nothing of an agent is swapped out."""
    swaps = (host.text("/proc/swaps") or "").splitlines()[1:]
    swappiness = host.text("/proc/sys/vm/swappiness") or "?"
    found = f"{len(swaps)} swap areas, swappiness {swappiness}"
    fix = "swapoff -a and remove it from /etc/fstab, or sysctl vm.swappiness=1 and memory_lock = true"
    return judge("swap", not swaps or swappiness in ("0", "1"), found, "no swap, or swappiness <= 1", fix)


def check_buffers(host: Host) -> list[Finding]:
    """Sockets may hold a burst."""
    findings = []
    for key in ("rmem_max", "wmem_max"):
        text = host.text(f"/proc/sys/net/core/{key}")
        wanted = f">= {BUFFER_BYTES_MIN}"
        if text is None:
            findings.append(Finding(f"socket_{key}", Status.UNKNOWN, "the host does not tell", wanted))
        else:
            fix = f"sysctl -w net.core.{key}={BUFFER_BYTES_MIN} (and in /etc/sysctl.d)"
            findings.append(judge(f"socket_{key}", int(text) >= BUFFER_BYTES_MIN, text, wanted, fix))
    return findings


def check_limits(host: Host, agents: Mapping[str, AgentConfig]) -> list[Finding]:
    """This user may open, lock and prioritise what the agents' tables ask for; the systemd unit sets limits of its own."""
    limits = _limits(host)
    capabilities = _capabilities(host)
    locking = [name for name, table in agents.items() if table.memory_lock]
    fifo = [name for name, table in agents.items() if table.scheduler == "fifo"]
    priority = max((agents[name].priority for name in fifo), default=0)
    return [
        _check_limit("nofile", limits, OPEN_FILES_MIN, "LimitNOFILE"),
        _check_memlock(limits, locking, bool(capabilities >> CAP_IPC_LOCK & 1)),
        _check_limit(
            "rtprio",
            limits,
            priority,
            "LimitRTPRIO",
            by=fifo,
            right=bool(capabilities >> CAP_SYS_NICE & 1),
            bad=Status.FAIL,
        ),
    ]


def read_clock() -> KernelClock | None:
    """Ask the kernel about its clock; None if it does not tell."""
    libc = ctypes.CDLL(None, use_errno=True)
    told = _Timex()
    state = libc.adjtimex(ctypes.byref(told))
    if state < 0:
        return None
    offset_us = told.offset / 1000 if told.status & _STA_NANO else float(told.offset)
    return KernelClock(state, told.status, told.maxerror, offset_us)


def system_findings(host: Host, agents: Mapping[str, AgentConfig], real_venues: bool) -> list[Finding]:
    """Return the findings of all checks of this file."""
    clock = read_clock()
    return [
        Finding("clock_sync", Status.UNKNOWN, f"adjtimex: {os.strerror(ctypes.get_errno())}", "synchronised")
        if clock is None
        else check_clock_sync(clock, host, real_venues),
        check_huge_pages(host, agents),
        check_addresses(may_fix_addresses(), agents),
        check_swap(host),
        *check_limits(host, agents),
        *check_buffers(host),
    ]


def _check_memlock(limits: Mapping[str, float], locking: Collection[str], right: bool) -> Finding:
    found, found_text = limits["memlock"], _limit_text(limits["memlock"])
    if not locking:
        return Finding("limit_memlock", Status.OK, f"{found_text}; no agent locks memory", "unlimited to lock memory")
    if right:
        return Finding("limit_memlock", Status.OK, f"{found_text}, and the right to exceed it", "unlimited")
    fix = "LimitMEMLOCK=infinity in the unit (systemd/tuning.conf), ulimit -l unlimited in a shell"
    wanted = f"unlimited for {', '.join(locking)}"
    return judge("limit_memlock", found == float("inf"), found_text, wanted, fix, Status.FAIL)


def _check_limit(
    name: str,
    limits: Mapping[str, float],
    needed: int,
    key: str,
    *,
    by: Collection[str] = (),
    right: bool = False,
    bad: Status = Status.WARN,
) -> Finding:
    found = limits[name]
    text = _limit_text(found) + (", and the right to exceed it" if right and needed else "")
    wanted = f">= {needed}" + (f" for {', '.join(by)}" if by else "") if needed else "nothing: no agent asks for it"
    fix = f"{key}={needed} in the unit (the unit of systemd/ has what most need), limits.conf for a shell"
    return judge(f"limit_{name}", right or found >= needed, text, wanted, fix, bad)


def _limits(host: Host) -> dict[str, float]:
    """Return this process's soft limits by name; what is not told counts as 0."""
    names = {"Max open files": "nofile", "Max locked memory": "memlock", "Max realtime priority": "rtprio"}
    found = dict.fromkeys(names.values(), 0.0)
    for line in (host.text("/proc/self/limits") or "").splitlines():
        for label, name in names.items():
            if line.startswith(label):
                soft = line[len(label) :].split()[0]
                found[name] = float("inf") if soft == "unlimited" else float(soft)
    return found


def _limit_text(limit: float) -> str:
    return "unlimited" if limit == float("inf") else f"{limit:.0f}"


def _capabilities(host: Host) -> int:
    for line in (host.text("/proc/self/status") or "").splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16)
    return 0


_STA_NANO = 0x2000


class _Timeval(ctypes.Structure):
    _fields_ = [("sec", ctypes.c_long), ("usec", ctypes.c_long)]


class _Timex(ctypes.Structure):
    """`struct timex` of <linux/timex.h>, 64-bit."""

    _fields_ = [
        ("modes", ctypes.c_uint),
        *[(name, ctypes.c_long) for name in ("offset", "freq", "maxerror", "esterror")],
        ("status", ctypes.c_int),
        *[(name, ctypes.c_long) for name in ("constant", "precision", "tolerance")],
        ("time", _Timeval),
        *[(name, ctypes.c_long) for name in ("tick", "ppsfreq", "jitter")],
        ("shift", ctypes.c_int),
        *[(name, ctypes.c_long) for name in ("stabil", "jitcnt", "calcnt", "errcnt", "stbcnt")],
        ("tai", ctypes.c_int),
        ("reserved", ctypes.c_int * 11),
    ]
