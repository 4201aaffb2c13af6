"""Cancel and replace: an order is canceled and another one sent, in one request.

(binance-spot-api-docs: rest-api.md "Cancel an Existing Order and Send a New Order".) Parameters and filters of the new
order are looked at first, and refuse the whole. Then the cancel decides: with STOP_ON_FAILURE nothing is sent if it fails,
with ALLOW_FAILURE the new order is sent all the same. The answer is an error if one of the two failed (-2021), and if both
did or the second was not sent (-2022); it says in `data` what became of each.
"""

from collections.abc import Callable
from typing import Any

from agents.paper.binance.refusals import Refusal, illegal, mandatory, spoken
from agents.paper.refusals import Refused

SUCCESS, FAILURE, NOT_ATTEMPTED = "SUCCESS", "FAILURE", "NOT_ATTEMPTED"
STOP, ALLOW = "STOP_ON_FAILURE", "ALLOW_FAILURE"
CANCEL_NAMES = {
    "symbol": "symbol",
    "cancelOrderId": "orderId",
    "cancelOrigClientOrderId": "origClientOrderId",
    "cancelNewClientOrderId": "newClientOrderId",
}
"""The parameters of the cancel in this request, and what they are called in one of its own."""
Json = dict[str, Any]


def cancel_params(params: dict[str, str]) -> dict[str, str]:
    """Return the parameters of the cancel; raises Refusal without a mode, or without an order to cancel."""
    mode = params.get("cancelReplaceMode")
    if not mode:
        raise mandatory("cancelReplaceMode")
    if mode not in (STOP, ALLOW):
        raise illegal("cancelReplaceMode", f"^({STOP}|{ALLOW})$")
    if not params.get("cancelOrderId") and not params.get("cancelOrigClientOrderId"):
        raise mandatory("cancelOrigClientOrderId")
    return {name: params[asked] for asked, name in CANCEL_NAMES.items() if params.get(asked)}


def replace(mode: str, cancel: Callable[[], Json], create: Callable[[], Json]) -> Json:
    """Carry out both and return the answer.

    Raises:
        Refusal: If one of the two failed, or both; it says what became of each.
    """
    canceled, cancel_answer = _outcome(cancel)
    created, create_answer = _outcome(create) if canceled == SUCCESS or mode == ALLOW else (NOT_ATTEMPTED, None)
    answer = {
        "cancelResult": canceled,
        "newOrderResult": created,
        "cancelResponse": cancel_answer,
        "newOrderResponse": create_answer,
    }
    if SUCCESS not in (canceled, created):
        raise Refusal(-2022, "Order cancel-replace failed.", data=answer)
    if canceled != created:
        raise Refusal(-2021, "Order cancel-replace partially failed.", 409, data=answer)
    return answer


def _outcome(act: Callable[[], Json]) -> tuple[str, Json]:
    try:
        return SUCCESS, act()
    except Refused as refused:
        refusal = spoken(refused)
    except Refusal as told:
        refusal = told
    return FAILURE, {"code": refusal.code, "msg": refusal.text}
