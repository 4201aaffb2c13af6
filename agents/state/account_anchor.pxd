"""C signatures of `agents.state.account_anchor`."""

import cython
from libc.stdint cimport int64_t

from agents.state.account cimport Account
from agents.state.positions cimport Ledger
from agents.state.working_orders cimport WorkingOrder, WorkingOrders


@cython.locals(orders=WorkingOrders)
cpdef object anchored(Account account)
@cython.locals(orders=WorkingOrders, ledger=Ledger)
cpdef resume(Account account, object state, int64_t now_ns)
@cython.locals(order=WorkingOrder)
cdef list _chain(WorkingOrder oldest)
cpdef object ledger_state(number, Ledger ledger)
cpdef resume_ledger(Ledger ledger, state)
cdef _resume_holdings(Account account, holdings, state)
