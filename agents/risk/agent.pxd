cdef _ack_of(reply)
