# Steps over the keys and values of Bybit's frames, where they stand as machines write them; see `core.json_scan`. For
# inclusion in compiled modules only; all functions are plain C and need no GIL.

from core.json_scan cimport integer_end, literal_end, text_end
from libc.stdint cimport int64_t, uint8_t
from libc.string cimport memcmp


# Text as it stands in a frame.
cdef struct text_t:
    const uint8_t* at
    size_t size


# Passes over a key and the colon behind it.
cdef inline const uint8_t* key_end(const uint8_t* at, text_t* key) noexcept nogil:
    at = quoted_end(at, key)
    if at is NULL or at[0] != c":":
        return NULL
    return at + 1


# Passes over text in quotes.
cdef inline const uint8_t* quoted_end(const uint8_t* at, text_t* out) noexcept nogil:
    out.size = 0
    if at[0] != c'"':
        return NULL
    out.at = at + 1
    at = text_end(at + 1)
    if at is NULL:
        return NULL
    out.size = at - out.at
    return at + 1


cdef inline bint is_key(const text_t* key, const char* name, size_t size) noexcept nogil:
    return key.size == size and memcmp(key.at, name, size) == 0


# Passes over a value that is not used.
cdef inline const uint8_t* other_end(const uint8_t* at, const uint8_t* end) noexcept nogil:
    cdef text_t text
    cdef int64_t number
    if at[0] == c'"':
        return quoted_end(at, &text)
    if at[0] == c"t":
        return literal_end(at, b"true")
    if at[0] == c"f":
        return literal_end(at, b"false")
    return integer_end(at, end, &number)
