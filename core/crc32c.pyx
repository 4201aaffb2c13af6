"""CRC32C (Castagnoli): the checksum of log records.

The processor's CRC32 instruction of SSE 4.2 where there is one, otherwise a table of one byte per step. Polynomial
0x1EDC6F41 reflected, start and end inverted, as in RFC 3720, appendix B.4.
"""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer

cdef extern from *:
    """
    #include <stdint.h>
    #include <string.h>

    #if defined(__x86_64__)
    static int crc32c_in_hardware(void) { return __builtin_cpu_supports("sse4.2") != 0; }

    __attribute__((target("sse4.2")))
    static uint32_t crc32c_hardware(uint32_t crc, const uint8_t *data, size_t size) {
        uint64_t wide = crc, word;
        for (; size >= 8; data += 8, size -= 8) {
            memcpy(&word, data, 8);
            wide = __builtin_ia32_crc32di(wide, word);
        }
        crc = (uint32_t)wide;
        for (; size; data++, size--)
            crc = __builtin_ia32_crc32qi(crc, *data);
        return crc;
    }
    #else
    static int crc32c_in_hardware(void) { return 0; }
    static uint32_t crc32c_hardware(uint32_t crc, const uint8_t *data, size_t size) { return crc; }
    #endif
    """
    bint crc32c_in_hardware() noexcept nogil
    uint32_t crc32c_hardware(uint32_t crc, const uint8_t* data, size_t size) noexcept nogil

cdef enum:
    POLYNOMIAL = 0x82F63B78     # 0x1EDC6F41 with its bits reversed

cdef uint32_t TABLE[256]
cdef bint HARDWARE = crc32c_in_hardware()


def crc32c(data, uint32_t value=0):
    """Return the CRC32C of `data` (bytes-like), continued from `value`, the checksum of what came before."""
    return _checksum(data, value, HARDWARE)


def crc32c_by_table(data, uint32_t value=0):
    """Return the same as `crc32c`, computed as on a processor without the instruction."""
    return _checksum(data, value, False)


cdef uint32_t crc32c_update(uint32_t value, const uint8_t* data, size_t size) noexcept nogil:
    if HARDWARE:
        return ~crc32c_hardware(~value, data, size)
    return ~_by_table(~value, data, size)


cdef object _checksum(object data, uint32_t value, bint hardware):
    cdef Py_buffer view
    PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
    cdef const uint8_t* start = <const uint8_t*>view.buf
    if hardware:
        value = ~crc32c_hardware(~value, start, view.len)
    else:
        value = ~_by_table(~value, start, view.len)
    PyBuffer_Release(&view)
    return value


cdef uint32_t _by_table(uint32_t crc, const uint8_t* data, size_t size) noexcept nogil:
    cdef size_t i
    for i in range(size):
        crc = TABLE[(crc ^ data[i]) & 0xFF] ^ (crc >> 8)
    return crc


cdef void _fill_table() noexcept:
    cdef uint32_t byte, crc, _bit
    for byte in range(256):
        crc = byte
        for _bit in range(8):
            crc = (crc >> 1) ^ (POLYNOMIAL if crc & 1 else 0)
        TABLE[byte] = crc


_fill_table()
