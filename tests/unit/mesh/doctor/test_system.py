"""Doctor's checks of the system: clock, memory, buffers and limits, with values as real machines show them."""

import pytest

from mesh.doctor import system as system_checks
from mesh.doctor.findings import Host, Status
from mesh.doctor.system import KernelClock
from mesh.transport.unix_connection import QUEUED_BYTES
from tests.unit.mesh.doctor.hosts import agents, is_finding, write

LIMITS = """\
Limit                     Soft Limit           Hard Limit           Units     
Max open files            {nofile:20} 524288               files     
Max locked memory         {memlock:20} 8388608              bytes     
Max realtime priority     {rtprio:20} 0                    
"""  # noqa: W291 - as the kernel writes it


@pytest.mark.parametrize(
    ("clock", "status"),
    [
        (KernelClock(state=0, status=0x2001, error_us_max=1200, offset_us=3.5), Status.OK),
        (KernelClock(state=5, status=0x40, error_us_max=16_000_000, offset_us=0.0), Status.FAIL),
        (KernelClock(state=0, status=0x2001, error_us_max=500_000, offset_us=0.0), Status.FAIL),
    ],
)
def test_clock_follows_a_reference(host: Host, clock: KernelClock, status: Status) -> None:
    is_finding(system_checks.check_clock_sync(clock, host, True), status, fix="chrony" if status is Status.FAIL else "")
    paper = Status.OK if status is Status.OK else Status.WARN
    is_finding(system_checks.check_clock_sync(clock, host, False), paper)
    write(host, "proc/77/comm", "chronyd\n")
    is_finding(system_checks.check_clock_sync(clock, host, True), status, told="by chronyd")


def test_kernel_tells_of_its_clock() -> None:
    clock = system_checks.read_clock()
    assert clock is not None
    # TIME_OK to TIME_ERROR; the kernel keeps maxerror at or under 16 s (NTP_PHASE_LIMIT).
    assert 0 <= clock.state <= 5
    assert 0 <= clock.error_us_max <= 16_000_000


@pytest.mark.parametrize(
    ("mode", "status"),
    [
        ("always [madvise] never", Status.OK),
        ("[always] madvise never", Status.WARN),
        ("always madvise [never]", Status.OK),
    ],
)
def test_huge_pages_are_not_made_unasked(host: Host, mode: str, status: Status) -> None:
    write(host, system_checks.HUGE_PAGES, f"{mode}\n")
    is_finding(system_checks.check_huge_pages(host, agents()), status)
    is_finding(system_checks.check_huge_pages(host, agents(huge_pages="never")), Status.OK)


def test_fixed_addresses_are_had_where_they_are_asked_for() -> None:
    is_finding(system_checks.check_addresses("", agents()), Status.OK, told="random")
    is_finding(system_checks.check_addresses("the kernel refuses", agents()), Status.OK)
    fixed = agents(address_layout="fixed")
    is_finding(system_checks.check_addresses("", fixed), Status.OK, told=f"fixed for {', '.join(fixed)}")
    refused = system_checks.check_addresses("the kernel refuses: Operation not permitted", fixed)
    is_finding(refused, Status.FAIL, told="Operation not permitted", fix="LockPersonality=no")


def test_swap_is_off_or_the_last_resort(host: Host) -> None:
    write(host, "proc/swaps", "Filename\tType\tSize\tUsed\tPriority\n")
    write(host, "proc/sys/vm/swappiness", "60\n")
    is_finding(system_checks.check_swap(host), Status.OK)
    write(host, "proc/swaps", "Filename\tType\tSize\tUsed\tPriority\n/dev/sda2 partition 999 0 -2\n")
    is_finding(system_checks.check_swap(host), Status.WARN, told="1 swap areas, swappiness 60", fix="swapoff")
    write(host, "proc/sys/vm/swappiness", "1\n")
    is_finding(system_checks.check_swap(host), Status.OK)


def test_socket_buffers_hold_a_burst(host: Host) -> None:
    write(host, "proc/sys/net/core/rmem_max", "212992\n")  # the kernel's default
    receive, send = system_checks.check_buffers(host)
    is_finding(receive, Status.WARN, told="212992", fix="net.core.rmem_max=4194304")
    is_finding(send, Status.UNKNOWN)


def limits_of(host: Host, capabilities: int = 0, **limits: str) -> None:
    write(host, "proc/self/limits", LIMITS.format(**{"nofile": "65536", "memlock": "8388608", "rtprio": "0", **limits}))
    write(host, "proc/self/status", f"Name:\tx\nCapEff:\t{capabilities:016x}\n")


def test_limits_are_those_that_the_agents_tables_need(host: Host) -> None:
    limits_of(host)
    for found in system_checks.check_limits(host, agents()):
        is_finding(found, Status.OK)
    wanting = agents(memory_lock=True, scheduler="fifo", priority=20)
    files, memory, priority = system_checks.check_limits(host, wanting)
    is_finding(files, Status.OK, told="65536")
    is_finding(memory, Status.FAIL, told="8388608", fix="LimitMEMLOCK=infinity")
    is_finding(priority, Status.FAIL, fix="LimitRTPRIO=20")
    limits_of(host, memlock="unlimited", rtprio="20")
    for found in system_checks.check_limits(host, wanting):
        is_finding(found, Status.OK)


def test_capabilities_stand_for_limits(host: Host) -> None:
    # CAP_IPC_LOCK is bit 14, CAP_SYS_NICE bit 23 (<linux/capability.h>).
    limits_of(host, capabilities=1 << 14 | 1 << 23, nofile="1024")
    files, memory, priority = system_checks.check_limits(host, agents(memory_lock=True, scheduler="fifo"))
    is_finding(files, Status.WARN, told="1024", fix="LimitNOFILE=4096")
    is_finding(memory, Status.OK)
    is_finding(priority, Status.OK)


def test_what_local_sockets_are_to_hold_is_what_doctor_asks_for() -> None:
    assert system_checks.BUFFER_BYTES_MIN == QUEUED_BYTES
