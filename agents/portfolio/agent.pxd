cdef _fees_by_asset(ledgers)
