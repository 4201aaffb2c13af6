"""What the venue says of an account on margin: positions, the terms of new ones, and what they are margined by.

All of it is the venue's word and is published as such (`AccountMargin`), whole, whenever something in it is new: at the end
of a pass, and when the private stream tells, but then only some times a second. It is as old as what the venue told of the
margin: a position may be told later, by a venue whose private stream says nothing of margin at all. Who reads it takes off
what has filled since, so the first figure that is younger than a fill is told also where it is what it was. What fills
come to stands elsewhere.
"""

from collections.abc import Iterable

from agents.instruments import InstrumentInfo
from agents.venues.reports import ContractTerms, MarginReport, PositionReport
from mesh.context import Context
from schemas.messages import AccountMargin, PositionMargin

MARGIN = "margin"
"""Name of the timer for telling what the private stream has told meanwhile."""
TELL_NS = 250_000_000
"""At least so long between two tellings of what comes with the private stream."""


class VenueMargin:
    """The newest positions by instrument and margin mode, the newest terms by instrument, and the account's margin."""

    def __init__(self, stream: int, contracts: Iterable[InstrumentInfo]) -> None:
        """Begin with nothing told of `contracts`; publish on `stream`."""
        self.contracts = {info.id: info for info in contracts}
        """What is traded on margin; nothing on an account that has coins alone."""
        self._margin: MarginReport | None = None
        self.margin_ns = 0
        """When the venue told the account's margin last, by our wall clock."""
        self.terms: dict[int, ContractTerms] = {}
        self._stream = stream
        self._positions: dict[tuple[int, bool], PositionReport] = {}
        self._told: AccountMargin | None = None
        self._told_margin_ns = 0
        self._told_ns = 0
        self._waits = False

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx

    def take_margin(self, margin: MarginReport) -> None:
        """Take what the account has, needs and may use now."""
        self._margin, self.margin_ns = margin, self._ctx.wall_ns

    @property
    def cover(self) -> tuple[int, int]:
        """What the account has and what its positions must keep, times 10**8; nothing while that was not told."""
        margin = self._margin
        return (0, 0) if margin is None else (margin.equity_e8, margin.maintenance_e8)

    def held_lots(self, instrument_id: int) -> int:
        """Return the position in an instrument, negative if it is short; of two margin modes together."""
        return sum(each.qty_lots for (number, _), each in self._positions.items() if number == instrument_id)

    def entry_px_e8(self, instrument_id: int) -> int:
        """Return at what average price the position in an instrument was entered, 0 if there is none."""
        held = [each for (number, _), each in self._positions.items() if number == instrument_id]
        lots = sum(abs(each.qty_lots) for each in held)
        return sum(abs(each.qty_lots) * each.entry_px_e8 for each in held) // lots if lots else 0

    def replace(self, positions: Iterable[PositionReport]) -> None:
        """Take all positions that there are."""
        self._positions = {}
        for report in positions:
            self.take_position(report)

    def take_position(self, report: PositionReport) -> bool:
        """Take one position as it is now; return whether its leverage is new."""
        key = (report.instrument_id, report.isolated)
        if report.qty_lots:
            self._positions[key] = _completed(report, self._positions.get(key))
        else:
            self._positions.pop(key, None)
        terms = self.terms.get(report.instrument_id)
        if not report.leverage_e8 or (terms is not None and terms.leverage_e8 == report.leverage_e8):
            return False
        refusal = "" if terms is None else terms.refusal
        self.take_terms(ContractTerms(report.instrument_id, report.leverage_e8, refusal=refusal))
        return True

    def take_terms(self, terms: ContractTerms) -> None:
        """Take what was told of the terms of an instrument; what was not told stays as it was."""
        before = self.terms.get(terms.instrument_id, ContractTerms(terms.instrument_id))
        self.terms[terms.instrument_id] = ContractTerms(
            terms.instrument_id,
            terms.leverage_e8 or before.leverage_e8,
            before.isolated if terms.isolated is None else terms.isolated,
            terms.refusal,
        )

    def tell(self, filled_ns: int) -> None:
        """Publish what is known, if that is new, or the first since the last fill, which was told at `filled_ns`."""
        self._waits = False
        self._ctx.cancel_timer(MARGIN)
        found = self._message()
        is_after_fill = self._told_margin_ns < filled_ns <= self.margin_ns
        if found is not None and (is_after_fill or found != self._told):
            self._told, self._told_ns, self._told_margin_ns = found, self._ctx.now_ns, self.margin_ns
            self._ctx.publish(self._stream, _at(found, self.margin_ns))

    def tell_soon(self, filled_ns: int) -> None:
        """Do the same, now or when the last telling is long enough ago."""
        if self._waits:
            return
        due_ns = self._told_ns + TELL_NS
        if self._ctx.now_ns >= due_ns:
            self.tell(filled_ns)
        else:
            self._waits = True
            self._ctx.set_timer(MARGIN, due_ns)

    def _message(self) -> AccountMargin | None:
        """Return what is known, of no time; None while the venue has not told the account's margin."""
        margin = self._margin
        if margin is None:
            return None
        return AccountMargin(
            ts_recv_ns=0,
            currency=margin.currency,
            equity_e8=margin.equity_e8,
            available_e8=margin.available_e8,
            initial_e8=margin.initial_e8,
            maintenance_e8=margin.maintenance_e8,
            positions=tuple(self._position(each) for _, each in sorted(self._positions.items())),
            leverages_e8={number: each.leverage_e8 for number, each in sorted(self.terms.items()) if each.leverage_e8},
        )

    def _position(self, report: PositionReport) -> PositionMargin:
        terms = self.terms.get(report.instrument_id)
        isolated = report.isolated or (terms is not None and bool(terms.isolated))
        leverage_e8 = report.leverage_e8 or (0 if terms is None else terms.leverage_e8)
        return PositionMargin(
            report.instrument_id,
            report.qty_lots,
            report.entry_px_e8,
            report.mark_px_e8,
            report.liquidation_px_e8,
            leverage_e8,
            isolated,
        )


def _completed(report: PositionReport, before: PositionReport | None) -> PositionReport:
    """Return a position with the prices of before, where it was told without any and is still on the same side.

    A price of liquidation that is a little old says more than that there is none.
    """
    if before is None or report.mark_px_e8 or report.qty_lots * before.qty_lots <= 0:
        return report
    return PositionReport(
        report.instrument_id,
        report.qty_lots,
        report.entry_px_e8,
        report.ts_event_ns,
        before.mark_px_e8,
        report.liquidation_px_e8 or before.liquidation_px_e8,
        report.leverage_e8 or before.leverage_e8,
        report.isolated,
    )


def _at(found: AccountMargin, margin_ns: int) -> AccountMargin:
    return AccountMargin(
        margin_ns,
        found.currency,
        found.equity_e8,
        found.available_e8,
        found.initial_e8,
        found.maintenance_e8,
        found.positions,
        found.leverages_e8,
    )
