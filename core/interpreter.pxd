"""The interpreters whose objects are laid out as compiled code takes them to be; for another one nothing is compiled.

What is read or written in place (`core.cells`, `core.integers`, `core.struct_field`, `core.struct_codec`) is CPython's own
business. It has been looked up for these versions, with the interpreter's lock; `core.layouts` tries it at each start.
"""

cdef extern from *:
    """
    #ifdef Py_GIL_DISABLED
    #error "Tickmesh overwrites numbers that the interpreter's lock keeps to itself: build it for a CPython with the GIL"
    #endif
    #if PY_VERSION_HEX < 0x030B0000 || PY_VERSION_HEX >= 0x030F0000
    #error "Tickmesh knows the objects of CPython 3.11 to 3.14"
    #endif
    #define INTERPRETER_KNOWN 1
    """
    const bint INTERPRETER_KNOWN
