"""Where OKX is, and its endpoints of an account.

The demo world has websockets of its own (`DEMO_WS_URL`), the REST address of the real one, and a header that says which is
meant: a venue table whose `ws_url` is the demo's is of the demo world. Regions have hosts of their own (EEA `eea.okx.com`,
US and AU `us.okx.com`); `rest_url` and `ws_url` name them.

Source: OKX v5 docs, overview (production and demo trading URLs), order book trading, trading account.
"""

WS_URL = "wss://ws.okx.com:8443"
DEMO_WS_URL = "wss://wspap.okx.com:8443"
REST_URL = "https://www.okx.com"
PUBLIC = "/ws/v5/public"
BUSINESS = "/ws/v5/business"
PRIVATE = "/ws/v5/private"

ORDER = "/api/v5/trade/order"
AMEND = "/api/v5/trade/amend-order"
CANCEL = "/api/v5/trade/cancel-order"
CANCEL_ALL_AFTER = "/api/v5/trade/cancel-all-after"
PENDING = "/api/v5/trade/orders-pending"
FILLS = "/api/v5/trade/fills"
BALANCE = "/api/v5/account/balance"
POSITIONS = "/api/v5/account/positions"
CONFIG = "/api/v5/account/config"
LEVERAGE = "/api/v5/account/leverage-info"
BILLS = "/api/v5/account/bills"
OLD_BILLS = "/api/v5/account/bills-archive"
EXPIRING = frozenset({ORDER, AMEND})
"""What the venue leaves undone after a time that the request says, if it is a POST."""
