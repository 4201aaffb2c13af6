"""What several roles need: the instruments of the configuration, with exact arithmetic in ticks and lots.

Prices and quantities are integers in the instrument's own tick and lot size; money and quantities across instruments
are integers times 10**8. A tick or lot that is not a multiple of 1e-8 is refused, so every conversion here is exact but
one: `notional_e8` rounds towards zero where price times quantity has more than eight decimals.

This file is compiled (`instruments.pxd` has the C types): what is done for each message reads an instrument's numbers
where they lie. Arithmetic is on Python's integers, of any size.
"""

from agents.amounts import parse_amount_e8
from core.decimals import Scale
from schemas.config import AgentConfig, Config, ExecutionConfig, InstrumentConfig, VenueConfig
from schemas.errors import ConfigError, DecimalError
from schemas.markets import CATEGORIES, feeds_of
from schemas.messages import E8, Instrument
from schemas.streams import stream_id
from schemas.venue_config import instrument_names

SCALE_E8 = Scale("0.00000001")
QUANTITY_MAX_E8 = 10**24 * E8
"""So that sums of a few fit 128 bits."""


class InstrumentInfo:
    """One instrument: its configuration, its venue, and its tick and lot size times 10**8.

    `id` is its number in stream ids, `symbol` its name there and `venue_symbol` that at the venue. `name` is the one for
    people: the symbol, or `VENUE:SYMBOL` where several venues have one of that symbol. On `margin` a position may be short.
    `price` and `qty` are the venue's own units; `lot_e8` is in base currency, whether the venue counts that or contracts.
    """

    def __init__(
        self,
        config: InstrumentConfig,
        venue: VenueConfig,
        price: Scale,
        qty: Scale,
        tick_e8: int,
        lot_e8: int,
        min_notional_e8: int = 0,
        contract_size_e8: int = E8,
        name: str = "",
    ) -> None:
        """Take what the configuration says; unchangeable from then on."""
        self.config = config
        self.venue = venue
        self.id = config.id
        self.symbol = config.symbol
        self.name = name or config.symbol
        self.venue_symbol = config.venue_symbol or config.symbol
        self.category = config.category or CATEGORIES.get(venue.kind, ("linear",))[0]
        self.margin = self.category != "spot"
        self.feeds = feeds_of(config.feeds, venue.kind, self.category)
        self.price = price
        self.qty = qty
        self.tick_e8 = tick_e8
        self.lot_e8 = lot_e8
        self.min_notional_e8 = min_notional_e8
        self.contract_size_e8 = contract_size_e8

    def stream(self, kind: int) -> int:
        """Return the id of this instrument's stream of `kind`."""
        return stream_id(kind, self.venue.id, self.id)

    def is_named(self, name: str) -> bool:
        """Return whether that is its symbol, or its symbol behind its venue's name (`VENUE:SYMBOL`)."""
        return name in (self.symbol, f"{self.venue.name}:{self.symbol}")

    def notional_e8(self, price_ticks: int, qty_lots: int) -> int:
        """Return price times quantity in quote currency times 10**8, rounded towards zero."""
        product = price_ticks * self.tick_e8 * qty_lots * self.lot_e8
        return product // E8 if product >= 0 else -(-product // E8)

    def qty_e8(self, qty_lots: int) -> int:
        """Return a quantity in base currency times 10**8."""
        return qty_lots * self.lot_e8

    def px_e8(self, price_ticks: int) -> int:
        """Return a price in quote currency times 10**8."""
        return price_ticks * self.tick_e8

    def message(self) -> Instrument:
        """Return the instrument as it is published."""
        return Instrument(
            instrument_id=self.id,
            venue_id=self.venue.id,
            symbol=self.symbol,
            base=self.config.base,
            quote=self.config.quote,
            tick_size=self.config.tick_size,
            lot_size=self.config.lot_size,
            min_notional_e8=self.min_notional_e8,
            margin=self.margin,
            contract_size_e8=self.contract_size_e8,
        )


class InstrumentTable:
    """Every instrument of the configuration, by number and by (venue name, symbol).

    `position_of` says by (venue number, asset) which traded instrument's position an account's balance of the asset is: on
    a spot venue the one that has it as base; on margin a position is no balance.
    """

    def __init__(self, config: Config) -> None:
        """Build the table.

        Raises:
            ConfigError: If a number, name or symbol stands twice, a venue is not defined, or a size is not usable.
        """
        self.venues: dict[str, VenueConfig] = {}
        self.by_id: dict[int, InstrumentInfo] = {}
        self.by_symbol: dict[tuple[str, str], InstrumentInfo] = {}
        for venue in config.venues:
            if venue.name in self.venues or any(venue.id == other.id for other in self.venues.values()):
                raise ConfigError(f"venues: {venue.name!r} or its id {venue.id} stands twice")
            self.venues[venue.name] = venue
        names = instrument_names(config.instruments)
        for instrument in config.instruments:
            self._add(instrument, names[instrument.id])
        self.position_of: dict[tuple[int, str], int] = {}
        for agent in config.agents.values():
            if isinstance(agent, ExecutionConfig):
                self._add_positions(agent)

    def at_venue(self, venue: str) -> list[InstrumentInfo]:
        """Return the instruments of `venue`, in the order of the configuration."""
        return [info for (name, _), info in self.by_symbol.items() if name == venue]

    def traded_by(self, name: str, execution: ExecutionConfig) -> list[InstrumentInfo]:
        """Return the instruments that the execution agent `name` trades.

        Raises:
            ConfigError: If it names one that its venue does not have.
        """
        there = self.at_venue(execution.venue)
        if not execution.instruments:
            return there
        missing = [symbol for symbol in execution.instruments if (execution.venue, symbol) not in self.by_symbol]
        if missing:
            raise ConfigError(f"agents.{name}.instruments: {missing} are not instruments of {execution.venue!r}")
        return [info for info in there if info.symbol in execution.instruments]

    def _add_positions(self, execution: ExecutionConfig) -> None:
        for info in self.at_venue(execution.venue):
            if not info.margin and (not execution.instruments or info.symbol in execution.instruments):
                self.position_of.setdefault((info.venue.id, info.config.base), info.id)

    def _add(self, instrument: InstrumentConfig, name: str) -> None:
        venue = self.venues.get(instrument.venue)
        if venue is None:
            raise ConfigError(f"instruments.{instrument.symbol}.venue: {instrument.venue!r} is not in venues")
        if instrument.id in self.by_id or (venue.name, instrument.symbol) in self.by_symbol:
            raise ConfigError(f"instruments: {instrument.symbol!r} or its id {instrument.id} stands twice")
        allowed = CATEGORIES.get(venue.kind)
        if instrument.category and allowed is not None and instrument.category not in allowed:
            raise ConfigError(
                f"instruments.{instrument.symbol}.category: {venue.kind} trades {', '.join(allowed)} "
                f"(found: {instrument.category})"
            )
        info = InstrumentInfo(
            config=instrument,
            venue=venue,
            price=_scale(instrument.tick_size, f"instruments.{instrument.symbol}.tick_size"),
            qty=_scale(instrument.lot_size, f"instruments.{instrument.symbol}.lot_size"),
            tick_e8=setting_e8(instrument.tick_size, f"instruments.{instrument.symbol}.tick_size"),
            lot_e8=_lot_e8(instrument),
            min_notional_e8=setting_e8(instrument.min_notional, f"instruments.{instrument.symbol}.min_notional"),
            contract_size_e8=setting_e8(instrument.contract_size, f"instruments.{instrument.symbol}.contract_size"),
            name=name,
        )
        self.by_id[instrument.id] = info
        self.by_symbol[(venue.name, instrument.symbol)] = info


def setting_e8(text: str, key: str) -> int:
    """Return a decimal string of the configuration times 10**8, exact.

    Raises:
        ConfigError: If it has more than eight decimals, naming `key`.
    """
    try:
        return SCALE_E8.parse(text)
    except DecimalError as error:
        raise ConfigError(f"{key}: {error}") from error


def quantity_setting_e8(text: str, key: str) -> int:
    """Return a quantity of the configuration times 10**8, exact: nobody holds as much of any coin as it may be.

    Raises:
        ConfigError: If it has more than eight decimals or is beyond 10**24, naming `key`.
    """
    try:
        value_e8 = parse_amount_e8(text)
    except DecimalError as error:
        raise ConfigError(f"{key}: {error}") from error
    if value_e8 > QUANTITY_MAX_E8:
        raise ConfigError(f"{key}: at most 10**24 (found: {text})")
    return value_e8


def require_whole_log(name: str, agent: AgentConfig) -> None:
    """Check that an agent whose state is the fold of its whole log keeps all of it.

    Raises:
        ConfigError: If its log is bounded.
    """
    if agent.log_retention_bytes:
        raise ConfigError(
            f"agents.{name}.log_retention_bytes: must be 0, the whole log is this agent's state "
            f"(found: {agent.log_retention_bytes})"
        )


def _lot_e8(instrument: InstrumentConfig) -> int:
    """Return how much of the base currency a lot is, times 10**8: of a venue that counts contracts, a lot of contracts."""
    key = f"instruments.{instrument.symbol}"
    product = setting_e8(instrument.lot_size, f"{key}.lot_size") * setting_e8(
        instrument.contract_size, f"{key}.contract_size"
    )
    if product % E8:
        raise ConfigError(f"{key}.contract_size: a lot of {instrument.lot_size} contracts is no multiple of 1e-8")
    return product // E8


def _scale(text: str, key: str) -> Scale:
    try:
        return Scale(text)
    except DecimalError as error:
        raise ConfigError(f"{key}: {error}") from error
