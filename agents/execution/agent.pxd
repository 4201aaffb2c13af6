cdef _cancel_reason(reason)
