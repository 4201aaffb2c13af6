"""Build of the compiled modules: every `.pyx` becomes one extension, and so does every `.py` beside a `.pxd` of its name.

Release builds switch bounds checks off; `CORE_DEBUG=1` builds with them and with line tracing.
A failed compilation fails the build: there is no pure-Python fallback.
"""

import os
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

DEBUG = os.environ.get("CORE_DEBUG") == "1"
ROOT = Path(__file__).parent
PACKAGES = ("core", "mesh", "agents")

DIRECTIVES = {
    "language_level": 3,
    "binding": True,
    "embedsignature": True,
    "embedsignature.format": "clinic",
    "auto_pickle": False,
    "autotestdict": False,
    "annotation_typing": False,
    "boundscheck": DEBUG,
    "wraparound": False,
    "initializedcheck": DEBUG,
    "cdivision": not DEBUG,
    "linetrace": DEBUG,
}


LOOPS = ["-O3"]

# What an agent does for one message is a long way with few loops, and most of Cython's C is for errors that do not come:
# dense code, with the branches to errors out of the way, asks less of the caches. Compilers other than GCC take no such
# parameter, and are told to keep quiet about it.
AGENTS = ["-O2", "--param=builtin-expect-probability=100", "-Wno-unused-command-line-argument"]

# The interpreter is called through the table of addresses itself: the detour through a stub costs a branch and a line of
# the cache for each of its functions, in each module.
CALLS = ["-fno-plt"]


def extensions() -> list[Extension]:
    """Return one extension for each source, named after its place in the tree."""
    found = [p for package in PACKAGES for p in (ROOT / package).rglob("*.py*") if is_compiled(p)]
    sources = sorted(found)
    return [
        Extension(
            ".".join(path.relative_to(ROOT).with_suffix("").parts),
            [str(path.relative_to(ROOT))],
            extra_compile_args=[
                *(LOOPS if path.is_relative_to(ROOT / "core") else AGENTS),
                *CALLS,
                "-Wall",
                "-Wextra",
                "-Werror",
                *UNAVOIDABLE,
            ],
            define_macros=[("CYTHON_TRACE_NOGIL", "1")] if DEBUG else [],
        )
        for path in sources
    ]


def is_compiled(path: Path) -> bool:
    """Return whether a file is compiled: Cython, or plain Python with a table of C types beside it."""
    return path.suffix == ".pyx" or (path.suffix == ".py" and path.with_suffix(".pxd").exists())


# What Cython's generated C triggers by construction, whatever the source says.
# (array-bounds: its comparisons look for the size of None behind a test that None never passes.)
UNAVOIDABLE = [
    "-Wno-unused-function",
    "-Wno-unused-parameter",
    "-Wno-missing-field-initializers",
    "-Wno-cast-function-type",
    "-Wno-array-bounds",
]

CPUS = len(os.sched_getaffinity(0))

setup(
    ext_modules=cythonize(extensions(), compiler_directives=DIRECTIVES, nthreads=CPUS),
    options={"build_ext": {"parallel": CPUS}},
)
