"""C signatures of `mesh.protocol.log_fold`."""

from core.frame cimport Header, unpack
from mesh.protocol.codec cimport decode_frame


cpdef fold(log, agent)
