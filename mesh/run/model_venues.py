"""The venues that the paper venue models when nothing was recorded, each with the instruments that are made up there."""

from typing import Any

MODEL_INSTRUMENTS: tuple[dict[str, Any], ...] = (
    {
        "symbol": "BTCUSDT",
        "base": "BTC",
        "quote": "USDT",
        "tick_size": "0.01",
        "lot_size": "0.00001",
        "min_notional": "5",
    },
    {
        "symbol": "ETHUSDT",
        "base": "ETH",
        "quote": "USDT",
        "tick_size": "0.01",
        "lot_size": "0.0001",
        "min_notional": "5",
    },
)
_IN_CONTRACTS = {
    "BTC": {"lot_size": "0.01", "contract_size": "0.01"},
    "ETH": {"lot_size": "0.01", "contract_size": "0.1"},
}
"""What OKX counts of a swap: hundredths of contracts."""
_LINEAR: dict[str, Any] = {"category": "linear"}
_CONTRACTS: tuple[dict[str, Any], ...] = (
    MODEL_INSTRUMENTS[0] | {"tick_size": "0.1", "lot_size": "0.001"},
    MODEL_INSTRUMENTS[1] | {"lot_size": "0.001"},
)
MODELS: dict[str, tuple[str, tuple[dict[str, Any], ...]]] = {
    "binance": ("binance_spot", MODEL_INSTRUMENTS),
    "binance-usdm": ("binance_usdm", _CONTRACTS),
    "bybit": (
        "bybit",
        (
            MODEL_INSTRUMENTS[0] | {"tick_size": "0.1", "lot_size": "0.000001", "category": "spot"},
            _CONTRACTS[0] | {"symbol": "BTCUSDT-LINEAR", "venue_symbol": "BTCUSDT", **_LINEAR},
            _CONTRACTS[1] | _LINEAR,
        ),
    ),
    "okx": (
        "okx",
        (
            MODEL_INSTRUMENTS[0] | {"symbol": "BTC-USDT", "tick_size": "0.1", "lot_size": "0.00000001"},
            _CONTRACTS[0] | {"symbol": "BTC-USDT-SWAP", **_LINEAR, **_IN_CONTRACTS["BTC"]},
            _CONTRACTS[1] | {"symbol": "ETH-USDT-SWAP", **_LINEAR, **_IN_CONTRACTS["ETH"]},
        ),
    ),
}
"""By the name that `--venue` takes: the kind of venue, and the instruments that the model trades there."""
