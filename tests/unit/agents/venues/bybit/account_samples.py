"""Which of the samples are of the account, which of them are of conditional orders, and which are of no concern."""

CONDITIONAL = {
    "ws_account_order_buy_stop_market.json",
    "ws_account_order_limit_if_touched.json",
    "ws_account_order_market_if_touched.json",
    "ws_account_order_sell_market_if_touched.json",
    "ws_account_order_stop_limit.json",
    "ws_account_order_stop_loss.json",
    "ws_account_order_stop_market.json",
    "ws_account_order_take_profit.json",
}
"""Nobody here places such orders; one that is triggered becomes New."""

OTHERS = {
    "bybit_wsAuth.json:2": "options are not traded on this venue",
    "bybit_wsAuth.json:4": "of options",
    "ws_account_execution_fast.json": "executions are taken from `execution`, which has fees and client order ids",
    "ws_account_execution_fast_envelope_id.json": "as above",
    "http_get_account_info.json": "settings of the account, which its owner makes",
    "http_get_fee_rate.json": "what a fill cost is told with the fill",
    "ws_account_position_with_open_time.json": "one entry of a frame, by itself: the same as in REST",
}
"""And why."""

OF_THE_ACCOUNT = {
    *CONDITIONAL,
    *OTHERS,
    *(f"bybit_wsAuth.json:{number}" for number in range(1, 8)),
    "http_get_executions.json",
    "http_get_order_partially_filled_rejected.json",
    "http_get_orders_history.json",
    "http_get_orders_history_with_duplicate.json",
    "http_get_orders_realtime.json",
    "http_get_orders_realtime_tp_sl.json",
    "http_get_positions.json",
    "http_get_positions_with_open_time.json",
    "http_get_wallet_balance.json",
    "http_get_wallet_balance_spot_short.json",
    "http_get_wallet_balance_with_spot_borrow.json",
    "ws_account_execution.json",
    "ws_account_execution_adl.json",
    "ws_account_order.json",
    "ws_account_order_filled.json",
    "ws_account_order_partially_filled_rejected.json",
    "ws_account_position.json",
    "ws_account_position_short.json",
    "ws_account_wallet.json",
    "ws_account_wallet_locked_exceeds_total.json",
    "ws_account_wallet_small_order.json",
    "ws_auth_failure.json",
    "ws_auth_success.json",
    "ws_order_response.json",
}
