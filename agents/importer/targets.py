"""Which configured instrument what a file names is."""

from collections.abc import Collection

from agents.instruments import InstrumentInfo, InstrumentTable
from schemas.config import Config, VenueConfig
from schemas.errors import ConfigError
from schemas.markets import VenueKind


class Targets:
    """The instruments of the configuration, or those of them that are asked for.

    `venue` and `symbols` are what the person who imports has named; where a file says otherwise it is refused.
    """

    def __init__(self, config: Config, venue: str = "", symbols: Collection[str] = ()) -> None:
        """Take what was named.

        Raises:
            ConfigError: If it is not in the configuration.
        """
        self._table = InstrumentTable(config)
        self.venue = venue
        self.symbols = frozenset(symbols)
        if venue and venue not in self._table.venues:
            raise ConfigError(f"--venue: {venue!r} is not in venues (there are {sorted(self._table.venues)})")
        known = {info.symbol for info in self._table.by_id.values() if not venue or info.venue.name == venue}
        if missing := self.symbols - known:
            raise ConfigError(f"--symbol: {sorted(missing)} not in instruments (there are {sorted(known)})")

    def venues(self, kinds: Collection[VenueKind | str], what: str) -> list[VenueConfig]:
        """Return the venues that a file of one of `kinds` may be of; `what` says what the file is of.

        Raises:
            ConfigError: If there is none, or the one that was named is of another kind.
        """
        if self.venue:
            venue = self._table.venues[self.venue]
            if kinds and venue.kind not in kinds:
                raise ConfigError(f"{what}, and --venue {self.venue} is a {venue.kind}")
            return [venue]
        found = [venue for venue in self._table.venues.values() if not kinds or venue.kind in kinds]
        if not found:
            there = {venue.name: venue.kind for venue in self._table.venues.values()}
            raise ConfigError(f"{what}, and the configuration has no such venue (there are {there})")
        return found

    def knows(self, symbol: str) -> bool:
        """Return whether an instrument is called so, by a venue or by the configuration."""
        return any(symbol in (info.symbol, info.venue_symbol) for info in self._table.by_id.values())

    def find(
        self, symbol: str, venues: Collection[VenueConfig], what: str, categories: Collection[str] = ()
    ) -> InstrumentInfo | None:
        """Return the instrument that a venue calls `symbol`, None if another one was asked for.

        It is of one of `categories` if any are named. Without a name, the file is of the one that was asked for.

        Raises:
            ConfigError: If no instrument is called so, or several are.
        """
        names = {venue.name for venue in venues}
        there = [
            info
            for info in self._table.by_id.values()
            if info.venue.name in names and (not categories or info.category in categories)
        ]
        found = [info for info in there if symbol in ("", info.venue_symbol, info.symbol)]
        wanted = [info for info in found if not self.symbols or info.symbol in self.symbols]
        if len(wanted) == 1:
            return wanted[0]
        if found and not wanted:
            return None
        if self.symbols and not found:
            return None
        if not found:
            raise ConfigError(f"{what} has {symbol!r}, which is not in instruments (there are {_names(there)})")
        told = f"{what} has {symbol!r}, which" if symbol else f"{what} does not tell its instrument, which"
        raise ConfigError(f"{told} may be any of {_names(wanted)}: name it with --venue and --symbol")


def _names(infos: Collection[InstrumentInfo]) -> list[str]:
    return sorted(f"{info.venue.name}:{info.symbol}" for info in infos)
