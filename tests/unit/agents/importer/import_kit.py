"""A configuration whose instruments files are imported of."""

from schemas.config import ArchiveConfig, Config, InstrumentConfig, MarketDataConfig, MeshConfig, VenueConfig


def import_config(folder: str = "var/state", *, tick: str = "0.01", lot: str = "0.000001") -> Config:
    """Return three venues of Binance's and one of another, with an instrument that several have, and an archive."""

    def instrument(
        number: int, venue: str, symbol: str, tick: str, lot: str, venue_symbol: str = ""
    ) -> InstrumentConfig:
        base, quote = symbol[:3], symbol[3:].strip("-")
        return InstrumentConfig(
            id=number,
            venue=venue,
            symbol=symbol,
            venue_symbol=venue_symbol,
            base=base,
            quote=quote,
            tick_size=tick,
            lot_size=lot,
        )

    return Config(
        mesh=MeshConfig(state_dir=folder),
        venues=(
            VenueConfig(id=1, name="spot", kind="binance_spot"),
            VenueConfig(id=2, name="usdm", kind="binance_usdm"),
            VenueConfig(id=3, name="deribit", kind="ccxt", exchange="deribit"),
        ),
        instruments=(
            instrument(1, "spot", "BTCUSDT", tick, lot),
            instrument(2, "usdm", "BTCUSDT", "0.01", "0.001"),
            instrument(3, "spot", "ETHUSDT", "0.01", "0.0001"),
            instrument(4, "deribit", "BTC-USD", "0.5", "1", "BTC-PERPETUAL"),
        ),
        agents={
            "md": MarketDataConfig(id=1, venue="spot", instruments=("BTCUSDT",)),
            "archive": ArchiveConfig(id=6, sources=("md",)),
        },
    )
