from core.struct_field cimport StructField


cdef class TradeFields:
    cdef readonly StructField trade_id
    cdef readonly StructField ts_event_ns
    cdef readonly StructField ts_recv_ns
    cdef readonly StructField price_ticks
    cdef readonly StructField qty_lots


cdef class BookDeltaFields:
    cdef readonly StructField ts_event_ns
    cdef readonly StructField ts_recv_ns


cdef class QuoteFields:
    cdef readonly StructField ts_event_ns
    cdef readonly StructField ts_recv_ns
    cdef readonly StructField update_id
    cdef readonly StructField bid_ticks
    cdef readonly StructField bid_lots
    cdef readonly StructField ask_ticks
    cdef readonly StructField ask_lots


cdef class MarkPriceFields:
    cdef readonly StructField mark_e8


cdef class SignalFields:
    cdef readonly StructField signal_id
    cdef readonly StructField strategy
    cdef readonly StructField instrument_id
    cdef readonly StructField side
    cdef readonly StructField qty_lots
    cdef readonly StructField price_ticks
    cdef readonly StructField time_in_force
    cdef readonly StructField causes
    cdef readonly StructField exec_inst
    cdef readonly StructField lifetime_ms
    cdef readonly StructField take_profit_ticks
    cdef readonly StructField stop_ticks
    cdef readonly StructField replaces


cdef class DecisionOrigin:
    cdef readonly StructField signal_id
    cdef readonly StructField signal_sender
    cdef readonly StructField signal_epoch


cdef class OrderTerms:
    cdef readonly StructField client_order_id
    cdef readonly StructField strategy
    cdef readonly StructField instrument_id
    cdef readonly StructField side
    cdef readonly StructField qty_lots
    cdef readonly StructField price_ticks
    cdef readonly StructField time_in_force
    cdef readonly StructField exec_inst
    cdef readonly StructField lifetime_ms
    cdef readonly StructField take_profit_ticks
    cdef readonly StructField stop_ticks
    cdef readonly StructField replaces


cdef class SubmitOrderFields:
    cdef readonly StructField decision


cdef class OrderInitializedFields(OrderTerms):
    cdef readonly StructField causes
    cdef readonly StructField external
    cdef readonly StructField approver
    cdef readonly StructField parent


cdef class OrderUpdatedFields:
    cdef readonly StructField client_order_id
    cdef readonly StructField status
    cdef readonly StructField venue_order_id
    cdef readonly StructField cum_qty_lots
    cdef readonly StructField reason


cdef class OrderFilledFields:
    cdef readonly StructField client_order_id
    cdef readonly StructField instrument_id
    cdef readonly StructField side
    cdef readonly StructField status
    cdef readonly StructField venue_order_id
    cdef readonly StructField trade_id
    cdef readonly StructField last_qty_lots
    cdef readonly StructField last_px_ticks
    cdef readonly StructField cum_qty_lots
    cdef readonly StructField commission_e8
    cdef readonly StructField commission_asset


cdef class EquityFields:
    cdef readonly StructField equity_e8
    cdef readonly StructField day_start_equity_e8
    cdef readonly StructField peak_equity_e8
