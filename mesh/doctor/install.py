"""Checks of what Tickmesh itself needs on this host: disk, sockets' folder, ports, versions, compiled modules."""

import errno
import os
import platform
import shutil
import socket
import statistics
import sys
import sysconfig
import tempfile
import time
from collections.abc import Collection, Mapping
from pathlib import Path

from core.log.moved import absent_in
from core.sequence import SequenceTracker
from mesh.doctor.findings import Finding, Host, Status, judge
from mesh.endpoints import PORTS, UNIX_PATH_BYTES_MAX, run_dir
from mesh.transport.sockets import versions
from schemas.config import AgentConfig, Config, PaperConfig

PYTHON_MIN = "3.11"
PYZMQ_MIN = "27.3"
LIBZMQ_MIN, LIBZMQ_BELOW = "4.3.5", "5"
"""Measured facts of `mesh.transport.sockets` are those of libzmq 4.3.5; a new major version may change them."""

GOOD_FILESYSTEMS = frozenset({"ext4", "xfs"})
"""Preallocated, memory-mapped files that fdatasync makes durable; elsewhere (network, overlay, copy on write) measure."""

SYNCS = 20
SYNC_BYTES = 4096
SPARE_BYTES = 1 << 30
SEGMENTS = 2
"""Each log has its active segment and makes the next one."""


def check_filesystem(folder: Path, host: Host) -> Finding:
    """The state folder is on a local disk's filesystem."""
    wanted = " or ".join(sorted(GOOD_FILESYSTEMS))
    found = _filesystem(folder, host.text("/proc/self/mounts") or "")
    if not found:
        return Finding("disk_filesystem", Status.UNKNOWN, "the host does not tell", wanted)
    lost = found in ("tmpfs", "ramfs")
    fix = "set mesh.state_dir to a folder on a local disk" + (
        "; what is there now is lost with a reboot" if lost else ""
    )
    return judge("disk_filesystem", found in GOOD_FILESYSTEMS, found, wanted, fix)


def check_space(folder: Path, config: Config, agents: Collection[str]) -> Finding:
    """Every log of this host finds room for its segments."""
    needed = len(agents) * SEGMENTS * config.mesh.log_segment_bytes + SPARE_BYTES
    free = shutil.disk_usage(folder).free
    fix = "free the disk, move mesh.state_dir, or bound the logs by log_retention_bytes"
    return judge("disk_space", free >= needed, _gib(free), f">= {_gib(needed)}", fix, Status.FAIL)


def check_moved(folder: Path, agents: Collection[str]) -> Finding:
    """What was moved of the logs is where their links say."""
    absent = {name: absent_in(folder / name / "log") for name in agents}
    away = [f"{len(paths)} of {name}, such as {paths[-1].readlink()}" for name, paths in absent.items() if paths]
    found = "not there: " + "; ".join(away) if away else "all there"
    fix = "bring the folder that they were moved to back: who asks for what is in them passes it over until then"
    return judge("moved_segments", not away, found, "all there", fix, Status.FAIL)


def check_sync(folder: Path, config: Config) -> Finding:
    """What the log's group sync waits for is short against its period."""
    wanted_ms = config.mesh.log_sync_ms or 1
    wanted = f"median <= {wanted_ms} ms"
    try:
        times_ms = _sync_times_ms(folder)
    except OSError as error:
        fix = "let this user write to mesh.state_dir, or set another one"
        return Finding("disk_sync", Status.FAIL, f"{folder}: {error.strerror}", wanted, fix)
    median_ms = statistics.median(times_ms)
    found = f"median {median_ms:.2f} ms, longest {max(times_ms):.2f} ms of {SYNCS}"
    fix = "use a disk with a power-protected cache (NVMe), or accept a longer mesh.log_sync_ms"
    return judge("disk_sync", median_ms <= wanted_ms, found, wanted, fix)


def check_run_dir(config: Config) -> Finding:
    """Every socket's path fits into a Unix address."""
    folder = run_dir(config)
    local = [name for name, table in config.agents.items() if not table.tcp]
    longest = max((len(os.fsencode(f"{folder}/{name}.pub")) for name in local), default=0)
    fix = "set mesh.run_dir to a short path, as /run/tickmesh"
    wanted = f"<= {UNIX_PATH_BYTES_MAX} bytes"
    found = f"{folder}: {longest} bytes"
    return judge("run_dir", longest <= UNIX_PATH_BYTES_MAX, found, wanted, fix, Status.FAIL)


def check_ports(agents: Mapping[str, AgentConfig]) -> Finding:
    """The ports of this host's agents are free, or their agents hold them."""
    needed = [(name, host, port) for name, table in agents.items() for host, port in _addresses(table)]
    taken = [f"{name} {host}:{port}" for name, host, port in needed if _try_bind(host, port) == errno.EADDRINUSE]
    if not needed:
        return Finding("ports", Status.OK, "no agent listens on TCP", "free")
    fix = "harmless while these agents run; else `ss -ltnp` tells who holds them: end it, or change tcp or listen"
    found = f"in use: {', '.join(taken)}" if taken else f"{len(needed)} ports free"
    return judge("ports", not taken, found, "free, or held by the agents themselves", fix)


def check_versions(python: str, pyzmq: str, libzmq: str) -> list[Finding]:
    """The versions that Tickmesh was measured with, or later ones."""
    fix = "build the environment anew: make clean build"
    libzmq_good = _version(LIBZMQ_MIN) <= _version(libzmq) < _version(LIBZMQ_BELOW)
    return [
        judge("python", _version(python) >= _version(PYTHON_MIN), python, f">= {PYTHON_MIN}", fix, Status.FAIL),
        judge("pyzmq", _version(pyzmq) >= _version(PYZMQ_MIN), pyzmq, f">= {PYZMQ_MIN}", fix, Status.FAIL),
        judge("libzmq", libzmq_good, libzmq, f">= {LIBZMQ_MIN}, < {LIBZMQ_BELOW}", fix, Status.FAIL),
    ]


def check_interpreter(how: str, fast: bool) -> Finding:
    """The interpreter was compiled by what its branches were seen to do: that takes a sixth off an order (measured)."""
    fix = "make clean, then make run PYTHON=... with the distribution's python3, or one built --enable-optimizations"
    return judge("interpreter", fast, how, "built with --enable-optimizations", fix)


def interpreter() -> tuple[str, bool]:
    """Return how this interpreter was built, in words, and whether that is a build optimised by profile."""
    options = sysconfig.get_config_var("CONFIG_ARGS") or ""
    maps = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace")
    how, fast = interpreter_of(options, bool(sysconfig.get_config_var("Py_ENABLE_SHARED")), maps)
    return f"{platform.python_version()}, {how}", fast


def interpreter_of(options: str, shared: bool, maps: str) -> tuple[str, bool]:
    """Return how an interpreter was built, by its build's options, whether they made a library, and what it has mapped.

    A distribution that has both builds its program apart from its shared library, and only the library's options are told
    (`sysconfig`): a program that does without the library counts as optimised.
    """
    optimised = "--enable-optimizations" in options
    in_library = any(Path(line).name.startswith("libpython") for line in maps.splitlines())
    apart = shared and not in_library
    profile = "a distribution's" if apart else "optimised by profile" if optimised else "not optimised by profile"
    return f"{profile}, {'a shared library' if in_library else 'one program'}", optimised or apart


def check_build(traced: bool) -> Finding:
    """The compiled modules are those of a release build, without bounds checks and line tracing."""
    found = "debug build (CORE_DEBUG=1)" if traced else "release build"
    return judge("core_build", not traced, found, "release build", "make clean build, without CORE_DEBUG")


def is_traced() -> bool:
    """Return whether compiled code tells a profiler of its calls, as only a debug build does."""
    called: list[str] = []
    before = sys.getprofile()
    tracker = SequenceTracker()
    sys.setprofile(lambda frame, event, argument: called.append(frame.f_code.co_filename))
    tracker.observe(1, 1, 1)
    sys.setprofile(before)
    return any(name.endswith(".pyx") for name in called)


def install_findings(host: Host, config: Config, agents: Mapping[str, AgentConfig]) -> list[Finding]:
    """Return the findings of all checks of this file."""
    folder = existing(Path(config.mesh.state_dir).absolute())
    python = ".".join(map(str, sys.version_info[:3]))
    return [
        check_filesystem(folder, host),
        check_space(folder, config, agents),
        check_moved(folder, agents),
        check_sync(folder, config),
        check_run_dir(config),
        check_ports(agents),
        *check_versions(python, *versions()),
        check_interpreter(*interpreter()),
        check_build(is_traced()),
    ]


def existing(folder: Path) -> Path:
    """Return `folder`, or the nearest folder above it that is there."""
    return next(each for each in (folder, *folder.parents) if each.is_dir())


def is_here(address: str) -> bool:
    """Return whether a `HOST:PORT` is an address of this host; no address at all (ipc) is."""
    host = address.rpartition(":")[0]
    return not host or _try_bind(host, 0) == 0


def _filesystem(folder: Path, mounts: str) -> str:
    """Return the type of the filesystem that holds `folder`, by the mount with the longest fitting path."""
    found: dict[int, str] = {}
    for line in mounts.splitlines():
        _, point, kind, *_ = line.split(" ")
        point = point.replace("\\040", " ")
        if folder.is_relative_to(point):
            found[len(Path(point).parts)] = kind
    return found[max(found)] if found else ""


def _sync_times_ms(folder: Path) -> list[float]:
    """Measure the waits for small synced writes into a preallocated file, as a log makes them."""
    times_ms = []
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-") as probe:
        os.posix_fallocate(probe.fileno(), 0, SYNCS * SYNC_BYTES)
        os.fsync(probe.fileno())
        for number in range(SYNCS):
            os.pwrite(probe.fileno(), bytes(SYNC_BYTES), number * SYNC_BYTES)
            before = time.perf_counter()
            os.fdatasync(probe.fileno())
            times_ms.append((time.perf_counter() - before) * 1000)
    return times_ms


def _addresses(table: AgentConfig) -> list[tuple[str, int]]:
    """Return where an agent listens on TCP."""
    host, _, port = table.tcp.rpartition(":")
    found = [(host, int(port) + i) for i in range(PORTS)] if host else []
    if isinstance(table, PaperConfig):
        host, _, port = table.listen.rpartition(":")
        found += [(host, int(port))] if int(port) else []
    return found


def _try_bind(host: str, port: int) -> int:
    """Return 0 if this process could listen there, else why not: EADDRINUSE, EADDRNOTAVAIL (not of this host) ..."""
    try:
        [(family, kind, *_, address), *_] = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except socket.gaierror:
        return errno.EADDRNOTAVAIL
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            return error.errno or errno.EADDRNOTAVAIL
    return 0


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:3] if part.isdecimal())


def _gib(size: int) -> str:
    return f"{size / (1 << 30):.1f} GiB"
