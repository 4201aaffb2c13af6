"""Compile the C programs against the libzmq that pyzmq has loaded, once for each version of source and library."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILT = Path("var/bench/programs")
PROGRAMS = ("chain", "feed", "roundtrip", "fanout", "cold")
FLAGS = ("-O2", "-std=gnu11", "-Wall", "-Wextra", "-Werror")


class NoCompilerError(Exception):
    """There is no C compiler, or libzmq cannot be found: the floors cannot be measured."""


def programs() -> dict[str, str]:
    """Return the path of each program, compiled if it is not there yet.

    Raises:
        NoCompilerError: If they cannot be made; the message says why.
    """
    with_compiler = compiler()
    if not with_compiler:
        raise NoCompilerError("no C compiler (gcc, cc or $CC)")
    library = loaded_libzmq()
    sources = [HERE / "bench.h", *(HERE / f"{name}.c" for name in PROGRAMS)]
    key = hashlib.blake2b(b"".join(s.read_bytes() for s in sources) + library.encode(), digest_size=8).hexdigest()
    folder = (BUILT / key).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    for name in PROGRAMS:
        if not (folder / name).exists():
            _compile(with_compiler, name, folder, library)
    return {name: str(folder / name) for name in PROGRAMS}


def compiler() -> str:
    """Return the C compiler, empty if there is none."""
    return os.environ.get("CC") or shutil.which("gcc") or shutil.which("cc") or ""


def loaded_libzmq() -> str:
    """Return the file of the libzmq that this process has loaded with pyzmq.

    Raises:
        NoCompilerError: If there is none.
    """
    import zmq  # noqa: F401 - loads it

    with open("/proc/self/maps", encoding="utf-8") as maps:
        for line in maps:
            path = line.split(maxsplit=5)[-1].strip()
            if os.path.basename(path).startswith("libzmq"):
                return path
    raise NoCompilerError("pyzmq has libzmq built in, there is nothing to link to")


def _compile(with_compiler: str, name: str, folder: Path, library: str) -> None:
    made = folder / f"{name}.{os.getpid()}"
    found = os.path.dirname(library)
    command = [with_compiler, *FLAGS, "-o", str(made), str(HERE / f"{name}.c"), library]
    command += [f"-Wl,-rpath,{found}", f"-Wl,-rpath-link,{found}"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise NoCompilerError(f"{name}.c does not compile: {ended.stderr.strip().splitlines()[-1]}")
    made.rename(folder / name)
