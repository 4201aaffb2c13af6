"""Doctor's checks of CPUs, with values as real machines show them."""

import struct

import pytest

from mesh.doctor import cpu as cpu_checks
from mesh.doctor.findings import Host, Status
from schemas.config import Config
from tests.unit.mesh.doctor.hosts import agents, is_finding, write

CPU = "sys/devices/system/cpu"


INTERRUPTS = """\
           CPU0       CPU1       CPU2       CPU3       
   0:         36          0          0          0   IO-APIC   2-edge      timer
  38:          0     148921          0          0   PCI-MSIX-0000:00:03.0   1-edge      virtio2-input.0
  52:          0          0    8123776          0   IR-PCI-MSI-0000:3b:00.0   3-edge      enp59s0f0-TxRx-2
  60:          0          0          0       4312   IR-PCI-MSI-0000:5e:00.1   1-edge      mlx5_comp0@pci:0000:5e:00.1
 LOC:     944318     823368     944318     823368   Local timer interrupts
"""  # noqa: W291


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
