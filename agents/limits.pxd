from agents.account cimport Reach
from agents.working cimport WorkingOrder


cpdef check_form(signal)
cpdef check_size(limits, info, filters, signal)
cpdef check_collar(limits, price_ticks, bid_ticks, ask_ticks, last_ticks)
cpdef check_self_trade(signal, WorkingOrder order)
cpdef check_position(limits, Reach reach, side, qty_e8)
cpdef bint reduces(Reach reach, side, qty_e8) except -1
cpdef check_equity(limits, equity)
cpdef exposure_e8(qty_e8, mark_px_e8)
