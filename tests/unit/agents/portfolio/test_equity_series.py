"""Day's start and peak: by date, by what was paid in, and begun anew on an operator's word."""

from agents.portfolio.equity_series import EquityParts, EquitySeries
from schemas.messages import Ack, EquityReset
from schemas.units import DAY, SECOND
from tests.unit.agents.portfolio.portfolio_desk import EQUITY, Desk
from tests.unit.agents.trading_desk import filled

MIDNIGHT = 20_000 * DAY


class Series:
    """A series that is told an equity at a time; what it returns is published."""

    def __init__(self):
        self.series = EquitySeries()
        self.published = []

    def now(self, wall_ns, equity, transfers=0, opening=1_000):
        message = self.series.next(wall_ns, EquityParts(equity, 0, 0, opening, transfers))
        self.series.take(message)
        self.published.append(message)
        return message

    def again(self):
        series = Series()
        for message in self.published:
            series.series.restore(message)
        return series


def test_a_day_begins_with_the_last_equity_of_the_date_before():
    series = Series()
    assert series.now(MIDNIGHT - SECOND, 1_000).day_start_equity_e8 == 1_000
    series.now(MIDNIGHT - 1, 900)
    assert series.now(MIDNIGHT, 800).day_start_equity_e8 == 900
    assert series.now(MIDNIGHT + SECOND, 700).day_start_equity_e8 == 900


def test_a_clock_that_steps_back_over_midnight_ends_no_day():
    series = Series()
    series.now(MIDNIGHT + 2 * SECOND, 1_000)
    series.now(MIDNIGHT + 3 * SECOND, 600)
    for each in (series, series.again()):
        for offset in (-2, -1, 0, 1, 5):
            assert each.now(MIDNIGHT + offset * SECOND, 600).day_start_equity_e8 == 1_000
    assert series.again().now(MIDNIGHT + DAY, 500).day_start_equity_e8 == 600


def test_what_is_paid_in_moves_days_start_and_peak():
    series = Series()
    series.now(MIDNIGHT, 1_000)
    series.now(MIDNIGHT, 1_200)
    series.now(MIDNIGHT, 1_100)
    paid = series.now(MIDNIGHT, 600, transfers=-500)
    assert (paid.day_start_equity_e8, paid.peak_equity_e8) == (500, 700)
    opened = series.now(MIDNIGHT, 1_600, transfers=-500, opening=2_000)
    assert (opened.day_start_equity_e8, opened.peak_equity_e8) == (1_500, 1_700)
    assert opened.unrealised_e8 == 100


def test_begun_anew_is_what_was_asked_for_and_once():
    series = Series()
    series.now(MIDNIGHT, 1_000)
    series.now(MIDNIGHT, 800)
    series.series.begin_anew(peak=True, day_start=False)
    anew = series.now(MIDNIGHT, 800)
    assert (anew.peak_equity_e8, anew.day_start_equity_e8) == (800, 1_000)
    series.series.begin_anew(peak=False, day_start=True)
    anew = series.now(MIDNIGHT, 700)
    assert (anew.peak_equity_e8, anew.day_start_equity_e8) == (800, 700)
    assert series.now(MIDNIGHT, 600).day_start_equity_e8 == 700


def test_a_reset_that_no_equity_followed_is_made_good_after_a_restart():
    series = Series()
    series.now(MIDNIGHT, 1_000)
    series.published.append(EquityReset(MIDNIGHT, peak=True, day_start=True, text=""))
    now = series.again().now(MIDNIGHT, 600)
    assert (now.peak_equity_e8, now.day_start_equity_e8) == (600, 600)


def drawn_down():
    desk = Desk()
    desk.market(5_999_999, 6_000_001)
    desk.event(filled("a", 1, 100_000))
    desk.market(5_799_999, 5_800_001)
    desk.wait()
    return desk


def test_an_operator_resets_peak_and_days_start_and_that_is_logged():
    desk = drawn_down()
    answer = desk.reset(peak=True)
    assert answer == Ack(True, text="peak 1000000 -> 998000, day's start 1000000 -> 1000000")
    reset, equity = desk.ctx.messages(EQUITY)[-2:]
    assert reset == EquityReset(desk.ctx.wall_ns, peak=True, day_start=False, text="looked into")
    assert equity.peak_equity_e8 == 998_000 * 10**8
    again = desk.again(market=(5_799_999, 5_800_001))
    assert again.equity()[-1].peak_equity_e8 == 998_000 * 10**8
    assert again.reset(day_start=True).accepted
    assert again.equity()[-1].day_start_equity_e8 == 998_000 * 10**8


def test_only_an_operator_may_reset_and_only_what_is_known():
    desk = drawn_down()
    assert desk.reset(sender=3, peak=True).text == "only an operator may reset"
    assert not desk.reset().accepted
    dead = Desk(balances={})
    assert not dead.reset(peak=True).accepted
    assert not [m for m in desk.ctx.messages(EQUITY) if isinstance(m, EquityReset)]


def test_a_series_of_an_earlier_version_is_measured_anew():
    desk = drawn_down()
    desk.opening.clear()
    again = desk.again(market=(5_799_999, 5_800_001))
    assert [type(each.message) for each in again.opening] == [EquityReset]
    assert again.equity()[-1].peak_equity_e8 == again.equity()[-1].equity_e8 == 998_000 * 10**8
