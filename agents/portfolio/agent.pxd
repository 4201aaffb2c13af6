from mesh.protocol.engine cimport publish_of, state_of, wall_of


cdef _fees_by_asset(ledgers)
