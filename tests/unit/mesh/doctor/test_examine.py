"""Doctor: each check on hosts made of files, with values as real machines show them."""

import platform
import socket
import struct
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mesh.doctor import cpu as cpu_checks
from mesh.doctor import examine as doctor
from mesh.doctor import install as install_checks
from mesh.doctor import system as system_checks
from mesh.doctor.findings import Finding, Host, Status
from mesh.doctor.system import KernelClock
from mesh.run.default_config import default_tree
from mesh.transport.same_host import QUEUED_BYTES
from schemas.config import ArchiveConfig, Config, MeshConfig, PaperConfig

ROOT = Path(__file__).resolve().parents[4]
CPU = "sys/devices/system/cpu"
LIMITS = """\
Limit                     Soft Limit           Hard Limit           Units     
Max open files            {nofile:20} 524288               files     
Max locked memory         {memlock:20} 8388608              bytes     
Max realtime priority     {rtprio:20} 0                    
"""  # noqa: W291 - as the kernel writes it
INTERRUPTS = """\
           CPU0       CPU1       CPU2       CPU3       
   0:         36          0          0          0   IO-APIC   2-edge      timer
  38:          0     148921          0          0   PCI-MSIX-0000:00:03.0   1-edge      virtio2-input.0
  52:          0          0    8123776          0   IR-PCI-MSI-0000:3b:00.0   3-edge      enp59s0f0-TxRx-2
  60:          0          0          0       4312   IR-PCI-MSI-0000:5e:00.1   1-edge      mlx5_comp0@pci:0000:5e:00.1
 LOC:     944318     823368     944318     823368   Local timer interrupts
"""  # noqa: W291


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path / "root")


def write(host: Host, name: str, text: str) -> None:
    path = host.path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def agents(**settings: Any) -> dict[str, ArchiveConfig]:
    return {"ar": ArchiveConfig(id=1, sources=(), **settings)}


def is_finding(found: Finding, status: Status, *, told: str = "", fix: str = "") -> None:
    assert (found.status, told in found.found, fix in found.fix) == (status, True, True), found
    assert bool(found.fix) == (status in (Status.WARN, Status.FAIL)), found


# CPUs


@pytest.mark.parametrize(("source", "status"), [("tsc\n", Status.OK), ("hpet\n", Status.WARN), (None, Status.UNKNOWN)])
def test_clock_source_is_the_cpus_counter(host: Host, source: str | None, status: Status) -> None:
    if source:
        write(host, cpu_checks.CLOCK_SOURCE, source)
    is_finding(cpu_checks.check_clock_source(host), status, fix="clocksource=tsc" if status is Status.WARN else "")


def test_cpu_that_is_not_there_fails(host: Host) -> None:
    is_finding(cpu_checks.check_pinned(host, {1}), Status.UNKNOWN)
    write(host, f"{CPU}/online", "0-3\n")
    is_finding(cpu_checks.check_pinned(host, {1, 3}), Status.OK)
    is_finding(cpu_checks.check_pinned(host, set()), Status.OK, told="pinned: none")
    is_finding(cpu_checks.check_pinned(host, {3, 4}), Status.FAIL, told="pinned: 3-4; online: 0-3", fix="cpus")


@pytest.mark.parametrize(
    ("isolated", "pinned", "status", "fix"),
    [
        ("2-3\n", {2, 3}, Status.OK, ""),
        ("2\n", {2, 3}, Status.WARN, "isolcpus=managed_irq,domain,2-3"),
        ("\n", set(), Status.WARN, "agents.NAME.cpus"),
    ],
)
def test_cpus_of_agents_are_isolated(host: Host, isolated: str, pinned: set[int], status: Status, fix: str) -> None:
    write(host, f"{CPU}/isolated", isolated)
    is_finding(cpu_checks.check_isolated(host, pinned), status, fix=fix)


@pytest.mark.parametrize(
    ("tickless", "status"),
    [("1-3\n", Status.OK), (" (null)\n", Status.WARN), ("1\n", Status.WARN), (None, Status.WARN)],
)
def test_cpus_of_agents_have_no_tick(host: Host, tickless: str | None, status: Status) -> None:
    if tickless:
        write(host, f"{CPU}/nohz_full", tickless)
    is_finding(cpu_checks.check_tickless(host, {2, 3}), status, fix="nohz_full=2-3" if status is Status.WARN else "")
    is_finding(cpu_checks.check_tickless(host, set()), Status.OK)


def test_governor_of_any_cpu_that_follows_the_load_is_told(host: Host) -> None:
    write(host, f"{CPU}/online", "0-1\n")
    is_finding(cpu_checks.check_governor(host, set()), Status.UNKNOWN)
    for cpu, governor in ((0, "performance"), (1, "powersave")):
        write(host, f"{CPU}/cpu{cpu}/cpufreq/scaling_governor", f"{governor}\n")
    is_finding(cpu_checks.check_governor(host, set()), Status.WARN, told="powersave (CPU 1)", fix="cpupower")
    is_finding(cpu_checks.check_governor(host, {0}), Status.OK)


def test_idle_state_that_is_slow_to_leave_is_told_unless_it_is_held_off(host: Host) -> None:
    write(host, f"{CPU}/online", "0\n")
    is_finding(cpu_checks.check_idle_states(host, set(), {}), Status.UNKNOWN, told="driver none")
    # Names and latencies of an Intel Skylake server (drivers/idle/intel_idle.c, skx_cstates).
    for number, (name, latency) in enumerate((("POLL", 0), ("C1", 2), ("C1E", 10), ("C6", 133))):
        for file, text in (("name", name), ("latency", str(latency)), ("disable", "0")):
            write(host, f"{CPU}/cpu0/cpuidle/state{number}/{file}", f"{text}\n")
    is_finding(cpu_checks.check_idle_states(host, set(), {}), Status.WARN, told="C6: 133 us", fix="max_cstate=1")
    is_finding(cpu_checks.check_idle_states(host, set(), agents(cpu_latency_us_max=5)), Status.OK, told="held by ar")
    write(host, "dev/x", "")
    host.path("dev/cpu_dma_latency").write_bytes(struct.pack("i", 2_000_000_000))
    is_finding(cpu_checks.check_idle_states(host, set(), {}), Status.WARN)
    host.path("dev/cpu_dma_latency").write_bytes(struct.pack("i", 1))
    is_finding(cpu_checks.check_idle_states(host, set(), {}), Status.OK, told="1 us")
    host.path("dev/cpu_dma_latency").unlink()
    write(host, f"{CPU}/cpu0/cpuidle/state3/disable", "1\n")
    is_finding(cpu_checks.check_idle_states(host, set(), {}), Status.OK, told="C1E: 10 us")


def test_siblings_of_agents_cpus_are_isolated_too(host: Host) -> None:
    write(host, f"{CPU}/online", "0-3\n")
    for cpu, siblings in enumerate(("0,2", "1,3", "0,2", "1,3")):
        write(host, f"{CPU}/cpu{cpu}/topology/thread_siblings_list", f"{siblings}\n")
    is_finding(cpu_checks.check_siblings(host, set()), Status.OK, told="0-3 share cores")
    is_finding(cpu_checks.check_siblings(host, {1}), Status.WARN, told="siblings 3 open to all")
    is_finding(cpu_checks.check_siblings(host, {1, 3}), Status.WARN, told="agents share cores (1,3)")
    write(host, f"{CPU}/isolated", "1,3\n")
    is_finding(cpu_checks.check_siblings(host, {1}), Status.OK)


def test_network_interrupts_on_agents_cpus_are_named(host: Host) -> None:
    is_finding(cpu_checks.check_interrupts(host, set()), Status.UNKNOWN)
    write(host, "proc/interrupts", INTERRUPTS)
    for device, interface in (("0000:3b:00.0", "enp59s0f0"), ("0000:5e:00.1", "ens2"), ("virtio2", "eth0")):
        host.path(f"sys/devices/{device}").mkdir(parents=True)
        host.path(f"sys/class/net/{interface}").mkdir(parents=True)
        host.path(f"sys/class/net/{interface}/device").symlink_to(host.path(f"sys/devices/{device}"))
    host.path("sys/class/net/lo").mkdir()
    for number, cpu in ((0, 0), (38, 1), (52, 2), (60, 3)):
        write(host, f"proc/irq/{number}/effective_affinity_list", f"{cpu}\n")
    is_finding(cpu_checks.check_interrupts(host, {0}), Status.OK, told="3 on CPU 1-3")
    is_finding(cpu_checks.check_interrupts(host, {2}), Status.WARN, told="52 enp59s0f0-TxRx-2", fix="smp_affinity_list")
    is_finding(cpu_checks.check_interrupts(host, {3}), Status.WARN, told="60 mlx5_comp0@pci:0000:5e:00.1")
    is_finding(cpu_checks.check_interrupts(host, {1}), Status.WARN, told="38 virtio2-input.0")


def test_irqbalance_may_run_only_if_it_spares_the_agents_cpus(host: Host) -> None:
    is_finding(cpu_checks.check_irqbalance(host, {2}), Status.OK)
    write(host, "proc/812/comm", "irqbalance\n")
    is_finding(cpu_checks.check_irqbalance(host, set()), Status.OK)
    is_finding(cpu_checks.check_irqbalance(host, {2}), Status.WARN, fix="IRQBALANCE_BANNED_CPULIST=2")
    write(host, "etc/default/irqbalance", "IRQBALANCE_BANNED_CPULIST=2\n")
    is_finding(cpu_checks.check_irqbalance(host, {2}), Status.OK)


def test_spinning_without_a_cpu_to_spare_fails() -> None:
    spinning = agents(idle="busy_poll")
    config = Config(venues=(), instruments=(), agents=dict(spinning))
    [bad] = cpu_checks.check_idle_strategy(config, spinning, set(), {0})
    is_finding(bad, Status.FAIL, told="agents.ar.idle")
    [good] = cpu_checks.check_idle_strategy(config, spinning, set(), {0, 1})
    is_finding(good, Status.OK, told="busy_poll: ar")


# System


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


# What Tickmesh itself needs


def config_in(folder: Path, **mesh: Any) -> Config:
    return Config(mesh=MeshConfig(state_dir=str(folder), **mesh), venues=(), instruments=(), agents=dict(agents()))


@pytest.mark.parametrize(
    ("folder", "kind", "status"),
    [
        ("/var/lib/tickmesh", "xfs", Status.OK),
        ("/home/x", "ext4", Status.OK),
        ("/dev/shm/x", "tmpfs", Status.WARN),
        ("/mnt/my disk/x", "nfs4", Status.WARN),
    ],
)
def test_filesystem_is_that_of_the_deepest_mount(host: Host, folder: str, kind: str, status: Status) -> None:
    mounts = "/dev/vda / ext4 rw 0 0\n/dev/vdb /var/lib xfs rw 0 0\ntmpfs /dev/shm tmpfs rw 0 0\n"
    write(host, "proc/self/mounts", f"{mounts}server:/x /mnt/my\\040disk nfs4 rw 0 0\n")
    is_finding(install_checks.check_filesystem(Path(folder), host), status, told=kind)


def test_disk_needs_room_for_every_log(tmp_path: Path) -> None:
    is_finding(install_checks.check_space(tmp_path, config_in(tmp_path), ["ar"]), Status.OK)
    vast = config_in(tmp_path, log_segment_bytes=1 << 50)
    is_finding(install_checks.check_space(tmp_path, vast, ["ar"]), Status.FAIL, fix="log_retention_bytes")


def test_disk_is_measured_and_left_as_it_was(tmp_path: Path) -> None:
    found = install_checks.check_sync(tmp_path, config_in(tmp_path, log_sync_ms=60_000))
    is_finding(found, Status.OK, told="of 20")
    assert list(tmp_path.iterdir()) == []


def test_folder_that_cannot_be_written_fails(tmp_path: Path) -> None:
    found = install_checks.check_sync(tmp_path / "none", config_in(tmp_path))
    is_finding(found, Status.FAIL, fix="mesh.state_dir")


def test_socket_paths_fit_into_an_address() -> None:
    is_finding(install_checks.check_run_dir(config_in(Path("/s"), run_dir="/run/tickmesh")), Status.OK, told="20 bytes")
    long = config_in(Path("/s"), run_dir=f"/{'x' * 100}")
    is_finding(install_checks.check_run_dir(long), Status.FAIL, told="108 bytes", fix="mesh.run_dir")


def test_ports_in_use_are_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        paper = {"paper": PaperConfig(id=9, venue="v", listen=f"127.0.0.1:{port}")}
        is_finding(install_checks.check_ports(paper), Status.WARN, told=f"paper 127.0.0.1:{port}", fix="ss -ltnp")
    is_finding(install_checks.check_ports(paper), Status.OK)
    is_finding(install_checks.check_ports(agents()), Status.OK, told="no agent listens")


def test_agents_of_other_hosts_are_told_apart() -> None:
    assert install_checks.is_here("")
    assert install_checks.is_here("127.0.0.1:7000")
    assert not install_checks.is_here("192.0.2.1:7000")  # TEST-NET-1 of RFC 5737: nobody's


SHARED = "7f00-7f01 r-xp 0 fe:00 26933    /usr/lib/libpython3.11.so.1.0\n"
OTHERS = "7f00-7f01 r-xp 0 fe:00 26933    /opt/libpython-tools/bin/python3\n7fff-8000 rw-p 0 00:00 0    [stack]\n"


@pytest.mark.parametrize(
    ("options", "shared", "maps", "how", "fast"),
    # As pyenv builds by default, as python.org's images are built, as Debian's python3, as a plain build.
    [
        ("'--prefix=/x' '--enable-shared'", True, SHARED, "not optimised by profile, a shared library", False),
        ("'--enable-optimizations' '--enable-shared'", True, SHARED, "optimised by profile, a shared library", True),
        ("'--enable-shared' '--prefix=/usr'", True, OTHERS, "a distribution's, one program", True),
        ("'--prefix=/x'", False, OTHERS, "not optimised by profile, one program", False),
        ("'--enable-optimizations'", False, OTHERS, "optimised by profile, one program", True),
    ],
)
def test_interpreter_is_one_optimised_by_profile(options: str, shared: bool, maps: str, how: str, fast: bool) -> None:
    found = install_checks.interpreter_of(options, shared, maps)
    assert found == (how, fast)
    finding = install_checks.check_interpreter(*found)
    is_finding(finding, Status.OK if fast else Status.WARN, told=how, fix="" if fast else "--enable-optimizations")


def test_this_interpreter_is_examined() -> None:
    assert install_checks.interpreter()[0].startswith(f"{platform.python_version()}, ")


def test_what_local_sockets_are_to_hold_is_what_doctor_asks_for() -> None:
    assert system_checks.BUFFER_BYTES_MIN == QUEUED_BYTES


def test_versions_wanted_are_those_of_the_distribution() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == f">={install_checks.PYTHON_MIN}"
    assert f"pyzmq>={install_checks.PYZMQ_MIN}" in project["dependencies"]


@pytest.mark.parametrize(
    ("versions", "statuses"),
    [
        (("3.11.7", "27.3.0", "4.3.5"), ["ok", "ok", "ok"]),
        (("3.10.12", "27.10.1", "4.3.4"), ["fail", "ok", "fail"]),
        (("3.14.0", "26.4.0", "5.0.0"), ["ok", "fail", "fail"]),
    ],
)
def test_old_and_unknown_versions_fail(versions: tuple[str, str, str], statuses: list[str]) -> None:
    assert [found.status for found in install_checks.check_versions(*versions)] == statuses


def test_debug_build_is_told() -> None:
    is_finding(install_checks.check_build(True), Status.WARN, fix="CORE_DEBUG")
    is_finding(install_checks.check_build(False), Status.OK)


# All of it


def test_this_host_is_examined_whole(tmp_path: Path) -> None:
    config = msgspec.convert(default_tree(tmp_path, 0), Config)
    findings = doctor.examine(config)
    names = [found.check for found in findings]
    assert len(names) == len(set(names)) == 29
    assert msgspec.json.decode(doctor.encode(findings), type=list[Finding]) == findings
    assert doctor.table(findings).row_count == len(findings) + sum(bool(found.fix) for found in findings)
    assert doctor.summary(findings).startswith(f"{sum(found.status is Status.OK for found in findings)} ok, ")


def test_host_that_tells_nothing_is_unknown_not_bad(tmp_path: Path) -> None:
    config = msgspec.convert(default_tree(tmp_path, 0), Config)
    statuses = {found.check: found.status for found in doctor.examine(config, Host(tmp_path / "nothing"))}
    told = (
        "clock_source",
        "huge_pages",
        "socket_rmem_max",
        "governor",
        "idle_states",
        "nic_interrupts",
        "disk_filesystem",
    )
    assert {statuses[check] for check in told} == {Status.UNKNOWN}


def test_only_failures_make_a_host_unhealthy() -> None:
    findings = [Finding("a", status, "", "") for status in (Status.OK, Status.WARN, Status.UNKNOWN)]
    assert doctor.healthy(findings)
    assert not doctor.healthy([*findings, Finding("a", Status.FAIL, "", "")])
