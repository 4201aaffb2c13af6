"""Integers of Python read in place where their layout is known (CPython 3.11, longintrepr.h); elsewhere by its interface.

A time in nanoseconds has three digits, for which the interpreter's own conversion runs a loop with checks.
"""

from cpython.object cimport PyObject
from libc.stdint cimport int64_t

from core.interpreter cimport INTERPRETER_KNOWN

cdef extern from *:
    """
    #if PY_VERSION_HEX < 0x030C0000 && PYLONG_BITS_IN_DIGIT == 30
    #define INTEGER_LAYOUT_KNOWN 1  /* digits of 30 bits; the sign is that of their number */
    #endif

    /* Stores an exact `int` that fits 64 bits with its sign; 0 for anything else, without an exception. */
    static inline int integer_read(PyObject *value, int64_t *out) {
        int overflow;
        if (!PyLong_CheckExact(value)) return 0;
    #ifdef INTEGER_LAYOUT_KNOWN
        const digit *digits = ((PyLongObject *)value)->ob_digit;
        switch (Py_SIZE(value)) {
        case -1: *out = -(int64_t)digits[0]; return 1;
        case 0: *out = 0; return 1;
        case 1: *out = digits[0]; return 1;
        case 2: *out = digits[0] | (int64_t)digits[1] << 30; return 1;
        case 3:
            if (digits[2] >= 8) return 0;
            *out = digits[0] | (int64_t)digits[1] << 30 | (int64_t)digits[2] << 60;
            return 1;
        }
    #endif
        *out = PyLong_AsLongLongAndOverflow(value, &overflow);
        return !overflow;
    }
    """
    bint integer_read(PyObject* value, int64_t* out)
