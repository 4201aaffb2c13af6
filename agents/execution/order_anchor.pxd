"""C signatures of `agents.execution.order_anchor`."""

import cython

from agents.execution.order_table cimport Order, OrderTable


@cython.locals(order=Order)
cpdef object anchored(OrderTable table)
@cython.locals(order=Order)
cpdef resume(OrderTable table, object state)
cdef _anchored(Order order)
cdef str _name(Order order)
@cython.locals(order=Order, each=Order)
cdef list _beside(OrderTable table)
@cython.locals(order=Order)
cdef Order _order(state)
