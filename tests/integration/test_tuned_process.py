"""Tuned processes: what a setting does to a real process, and how it is refused."""

import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mesh.node.tuning import has_fixed_addresses, may_fix_addresses
from tests.integration.live import ROOT, Operator, end, make_config, node, roles, until

CAPABILITIES = int(Path("/proc/self/status").read_text().partition("CapEff:")[2].split()[0], 16)
RIGHTS = CAPABILITIES >> 14 & 1 and CAPABILITIES >> 23 & 1
"""CAP_IPC_LOCK and CAP_SYS_NICE (<linux/capability.h>)."""

PROBE = """
import ctypes, os, resource, sys
import msgspec
from mesh.node.tuning import apply
from schemas.config import Config
config = msgspec.json.decode(sys.argv[1], type=Config)
resource.setrlimit(resource.RLIMIT_MEMLOCK, (65536, 65536))
resource.setrlimit(resource.RLIMIT_RTPRIO, (0, 0))
if os.getuid() == 0:
    os.setgroups([]), os.setuid(65534)
from schemas.errors import ConfigError
try:
    apply("md", config)
except ConfigError as error:
    print(error)
else:
    print(open("/proc/self/status").read())
"""


def tuned(folder: Path, probe: str = PROBE, **settings: Any) -> str:
    """Apply `settings` by `probe` in a process without any right; return the error, or what the kernel says of it."""
    agents = roles()
    agents["md"] = msgspec.structs.replace(agents["md"], **settings)
    config = msgspec.json.encode(make_config(folder, agents)).decode()
    command = [sys.executable, "-c", probe, config]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True).stdout


def test_memory_that_may_not_be_locked_names_the_limit(tmp_path: Path) -> None:
    told = tuned(tmp_path, memory_lock=True)
    assert "agents.md.memory_lock" in told
    assert "found: 65536 bytes" in told
    assert "LimitMEMLOCK" in told


def test_real_time_scheduler_that_is_not_permitted_tells_what_permits_it(tmp_path: Path) -> None:
    told = tuned(tmp_path, scheduler="fifo", priority=20)
    assert 'agents.md.scheduler: "fifo" with priority 20' in told
    assert "LimitRTPRIO=20" in told
    assert "RestrictRealtime=no" in told


def test_idle_states_that_may_not_be_held_name_the_device(tmp_path: Path) -> None:
    told = tuned(tmp_path, cpu_latency_us_max=10)
    assert "agents.md.cpu_latency_us_max" in told
    assert "/dev/cpu_dma_latency" in told


def test_cpu_that_is_not_there_is_refused(tmp_path: Path) -> None:
    told = tuned(tmp_path, cpus=(1000,))
    assert "agents.md.cpus: [1000] (allowed: " in told


def test_cpus_and_huge_pages_are_the_kernels_state_of_the_process(tmp_path: Path) -> None:
    cpu = min(os.sched_getaffinity(0))
    status = dict(
        line.split(":\t", 1) for line in tuned(tmp_path, cpus=(cpu,), huge_pages="never").splitlines() if line
    )
    assert status["Cpus_allowed_list"] == str(cpu)
    assert status["THP_enabled"] == "0"


RANDOM = not has_fixed_addresses() and Path("/proc/sys/kernel/randomize_va_space").read_text().strip() != "0"


@pytest.mark.skipif(bool(may_fix_addresses()), reason=f"fixed addresses: {may_fix_addresses()}")
@pytest.mark.skipif(not RANDOM, reason="addresses are not random here")
@pytest.mark.parametrize(("layout", "places"), [("fixed", 1), ("random", 2)])
def test_agents_of_fixed_addresses_have_their_code_at_the_same_place(tmp_path: Path, layout: str, places: int) -> None:
    agents = {name: msgspec.structs.replace(each, address_layout=layout) for name, each in roles(total=10).items()}
    config = make_config(tmp_path, agents)
    with node(tmp_path, "md") as md, node(tmp_path, "ar") as ar, Operator(config) as operator:
        until(lambda: operator.status("ar").figures.values["count"] == 10)
        found = [_places(process.pid) for process in (md, ar)]
        md.terminate()
        assert end(md) == (0, "")
    both = found[0].keys() & found[1].keys()
    shared = {"engine", "book", "decimals"} if layout == "fixed" else {"engine"}
    assert shared <= {name.partition(".")[0] for name in both}
    assert {len({found[0][name], found[1][name]}) for name in both} == {places}


PERSONALITY = {"x86_64": 135, "aarch64": 92}.get(platform.machine())
"""The number of the system call (<asm/unistd.h>)."""

REFUSING = f"""
import ctypes
LOAD, EQUAL, RETURN, ALLOW, EPERM = 0x20, 0x15, 0x06, 0x7FFF0000, 0x00050001
rules = [(LOAD, 0, 0, 0), (EQUAL, 0, 1, {PERSONALITY}), (RETURN, 0, 0, EPERM), (RETURN, 0, 0, ALLOW)]
class Rule(ctypes.Structure):
    _fields_ = [("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint)]
class Program(ctypes.Structure):
    _fields_ = [("count", ctypes.c_ushort), ("rules", ctypes.POINTER(Rule))]
program = Program(len(rules), (Rule * len(rules))(*rules))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, ctypes.byref(program), 0, 0) == 0
"""
"""Has the kernel refuse personality(), asking too, as LockPersonality=yes does (<linux/seccomp.h>, <linux/filter.h>)."""


@pytest.mark.skipif(
    PERSONALITY is None, reason=f"the number of personality() on {platform.machine()} is not known here"
)
def test_fixed_addresses_that_are_refused_name_the_units_key(tmp_path: Path) -> None:
    told = tuned(tmp_path, REFUSING + PROBE, address_layout="fixed")
    assert 'agents.md.address_layout: "fixed": the kernel refuses: Operation not permitted' in told
    assert "LockPersonality=no" in told


@pytest.mark.skipif(not RIGHTS, reason="locking memory and SCHED_FIFO need CAP_IPC_LOCK and CAP_SYS_NICE")
def test_locked_memory_and_scheduler_hold_for_every_thread_of_an_agent(tmp_path: Path) -> None:
    agents = roles(total=10)
    agents["md"] = msgspec.structs.replace(agents["md"], memory_lock=True, scheduler="fifo", priority=3)
    config = make_config(tmp_path, agents)
    with node(tmp_path, "md") as md, Operator(config) as operator:
        until(lambda: operator.status("md").figures.values["published"] == 10)
        threads = [int(thread.name) for thread in Path(f"/proc/{md.pid}/task").iterdir()]
        scheduled = {(os.sched_getscheduler(t), os.sched_getparam(t).sched_priority) for t in threads}
        locked = _kib(Path(f"/proc/{md.pid}/status").read_text(), "VmLck")
        resident = _kib(Path(f"/proc/{md.pid}/status").read_text(), "VmRSS")
    assert len(threads) >= 3  # the loop, libzmq's reaper and I/O threads, the log's sync thread
    assert scheduled == {(os.SCHED_FIFO, 3)}
    assert locked >= 0.8 * resident


def test_agent_that_spins_answers_and_ends_in_order(tmp_path: Path) -> None:
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("spinning needs two CPUs")
    agents = roles(total=100)
    agents["md"] = msgspec.structs.replace(agents["md"], idle="busy_poll")
    config = make_config(tmp_path, agents)
    with node(tmp_path, "md") as md, node(tmp_path, "ar"), Operator(config) as operator:
        until(lambda: operator.status("ar").figures.values["count"] == 100)
        states = []

        def looked_at_often() -> bool:
            states.append(_state(md.pid))
            return len(states) == 100

        until(looked_at_often)
        md.terminate()
        assert end(md) == (0, "")
    # An agent that blocks sleeps at nearly every look. One that spins wants a CPU, whether this host gives it one or not,
    # but for when another of its threads has the GIL.
    assert states.count("R") > 50


def test_spinning_is_refused_where_it_would_take_every_cpu(tmp_path: Path) -> None:
    agents = roles()
    for name in agents:
        agents[name] = msgspec.structs.replace(agents[name], idle="busy_poll")
    make_config(tmp_path, agents)
    with node(tmp_path, "md", under=("taskset", "-c", str(min(os.sched_getaffinity(0))))) as md:
        status, errors = end(md)
    assert status == 78
    assert 'agents.md.idle: "busy_poll" for 4 agents of this host' in errors


def _places(pid: int) -> dict[str, str]:
    """Return where the code of each compiled module of ours lies in a process, by file name."""
    lines = [line.split() for line in Path(f"/proc/{pid}/maps").read_text().splitlines()]
    return {Path(each[5]).name: each[0] for each in lines if "r-xp" in each and each[-1].startswith(str(ROOT))}


def _state(pid: int) -> str:
    """Return `R` if the main thread of a process runs or wants to, `S` if it sleeps."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def _kib(status: str, key: str) -> int:
    [line] = [line for line in status.splitlines() if line.startswith(f"{key}:")]
    return int(line.split()[1])
