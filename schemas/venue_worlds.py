"""Where venues let people try: their test networks and demo accounts, by kind of venue.

The real worlds' addresses are the adapters' own. Sources: binance-spot-api-docs (testnet and demo-mode general-info),
Binance derivatives docs, Bybit v5 docs (integration guidance, demo trading), OKX v5 docs (demo trading services).
"""

import msgspec


class World(msgspec.Struct, frozen=True):
    """Addresses of one world: REST, market data, and the private stream (empty: as `ws_url`)."""

    rest_url: str
    ws_url: str
    ws_api_url: str = ""


WORLDS: dict[tuple[str, str], World] = {
    ("binance_spot", "testnet"): World(
        "https://testnet.binance.vision",
        "wss://stream.testnet.binance.vision",
        "wss://ws-api.testnet.binance.vision/ws-api/v3",
    ),
    ("binance_spot", "demo"): World(
        "https://demo-api.binance.com", "wss://demo-stream.binance.com", "wss://demo-ws-api.binance.com/ws-api/v3"
    ),
    ("binance_usdm", "demo"): World(
        "https://demo-fapi.binance.com", "wss://fstream.binancefuture.com", "wss://testnet.binancefuture.com/ws-fapi/v1"
    ),
    ("bybit", "testnet"): World("https://api-testnet.bybit.com", "wss://stream-testnet.bybit.com"),
    ("bybit", "demo"): World("https://api-demo.bybit.com", "wss://stream.bybit.com", "wss://stream-demo.bybit.com"),
    ("okx", "demo"): World("https://www.okx.com", "wss://wspap.okx.com:8443"),
}
"""By kind of venue and environment.

Those of USDT-M are what its documents call the testnet (USDS-margined futures: general info, websocket API general info).
"""


def worlds_of(kind: str) -> list[str]:
    """Return the environments that a kind of venue has, beside the real one."""
    return [environment for known, environment in WORLDS if known == kind]
