"""C signatures of `agents.venues.okx.checksum`."""

from libc.stdint cimport int64_t

from core.decimals cimport Scale


cpdef int64_t levels_checksum(bytes bids, bytes asks, Scale price, Scale qty) except? -1
