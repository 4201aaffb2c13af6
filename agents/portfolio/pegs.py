"""The alarm for joined currencies that are not worth one any more.

While a currency is further from one than `peg_deviation_max`, for `peg_grace_ms`, what is quoted in it may only be reduced:
that is told as a trading mode of each such instrument, which risk folds. A price that is held back as doubtful counts as
well, for here the worse is to be believed. Not to know what it is worth is no better: without a live market the alarm comes
after the same time. It ends when the currency was near one for as long. A currency on trust is never looked at.

What was told is folded from the own log, so an alarm stands over a restart, until the currency has proven itself anew.
"""

from collections.abc import Iterator, Mapping

from agents.instruments import InstrumentInfo
from agents.portfolio.currencies import Currencies
from agents.portfolio.marks import Mark
from agents.state.positions import E9, text_of
from schemas.config import DeskConfig
from schemas.messages import TradingState
from schemas.orders import Reason, TradingMode
from schemas.units import MS

REDUCING, ACTIVE = int(TradingMode.REDUCING), int(TradingMode.ACTIVE)


class PegWatch:
    """Looks at what joined currencies are worth now and then, and says which instruments' modes change by it."""

    def __init__(self, desk: DeskConfig, currencies: Currencies, traded: Mapping[int, InstrumentInfo]) -> None:
        """Watch the currencies whose worth moves, for what is `traded`, by instrument number."""
        self.grace_ns = desk.peg_grace_ms * MS
        self._limit_e9 = round(desk.peg_deviation_max * E9)
        self._limit = text_of(self._limit_e9, 9)
        self._currencies = currencies
        self._traded = {number: info.config.quote for number, info in traded.items()}
        self._told: dict[int, TradingState] = {}
        """By instrument number, the mode that stands and was told."""
        self._changed_ns: dict[str, int] = {}
        """Since when a currency is other than its alarm says, by currency."""
        self._alarms: dict[str, str] = {}
        """What is wrong with each currency that has an alarm."""

    def restore(self, state: TradingState) -> None:
        """Take what was told before a restart."""
        if state.mode == ACTIVE:
            self._told.pop(state.instrument_id, None)
        else:
            self._told[state.instrument_id] = state
        texts = {self._traded.get(number, ""): each.text for number, each in self._told.items()}
        self._alarms = {currency: texts[currency] for currency in self._currencies.marked if currency in texts}

    def told(self) -> list[TradingState]:
        """Return the modes that stand and were told."""
        return list(self._told.values())

    def look(self, now_ns: int) -> list[str]:
        """Look at every currency; return those whose alarm begins now."""
        begun = []
        for currency, mark in self._currencies.marked.items():
            wrong = self._wrong(currency, mark)
            if bool(wrong) == (currency in self._alarms):
                self._changed_ns.pop(currency, None)
                continue
            if now_ns - self._changed_ns.setdefault(currency, now_ns) < self.grace_ns:
                continue
            del self._changed_ns[currency]
            if wrong:
                self._alarms[currency] = wrong
                begun.append(currency)
            else:
                del self._alarms[currency]
        return begun

    def changes(self, wall_ns: int) -> Iterator[TradingState]:
        """Yield the modes that are to be told now; what is no more watched is let go."""
        for number in list(self._told):
            currency = self._traded.get(number, "")
            if currency not in self._alarms:
                del self._told[number]
                yield _state(ACTIVE, number, f"{currency or 'its currency'} is near one again, or not watched", wall_ns)
        for number, currency in self._traded.items():
            if currency in self._alarms and number not in self._told:
                self._told[number] = _state(REDUCING, number, self._alarms[currency], wall_ns)
                yield self._told[number]

    def figures(self) -> dict[str, str]:
        """Return what was wrong with each currency that has an alarm when it began."""
        return dict(self._alarms)

    def worth(self) -> dict[str, str]:
        """Return what a unit of each joined currency is worth now, empty where that is not known."""
        return {
            currency: text_of(self._currencies.rate_e9(currency), 9) if self._currencies.is_live(currency) else ""
            for currency in self._currencies.all[1:]
        }

    def _wrong(self, currency: str, mark: Mark) -> str:
        if not self._currencies.is_live(currency):
            return f"what {currency} is worth is not known: no live market of {mark.info.name}"
        furthest_e9 = max((mark.px_e9, mark.doubted_e9 or mark.px_e9), key=_away_e9)
        if _away_e9(furthest_e9) <= self._limit_e9:
            return ""
        worth = f"{currency} is worth {text_of(furthest_e9, 9)} {self._currencies.currency}"
        return f"{worth}, by {mark.info.name} (allowed: {self._limit} from one)"


def _away_e9(price_e9: int) -> int:
    return abs(price_e9 - E9)


def _state(mode: int, number: int, text: str, wall_ns: int) -> TradingState:
    return TradingState(mode=mode, text=text, reason=int(Reason.CURRENCY_DEPEGGED), instrument_id=number, ts_ns=wall_ns)
