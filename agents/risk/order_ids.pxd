from libc.stdint cimport uint32_t, uint64_t

cpdef str client_order_id(uint32_t sender, uint32_t epoch, uint64_t n, uint64_t started_ms)
cpdef str base62(uint64_t number, int width=*)
