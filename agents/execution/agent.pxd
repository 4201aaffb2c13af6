cdef _subscription_id(number)
cdef _cancel_reason(reason)
