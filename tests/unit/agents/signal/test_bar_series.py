"""Series of bars: each interval once and in order; what is not whole is the venue's, or is left out."""

from agents.signal.bar_series import BarSeries
from agents.signal.bars import Bar
from schemas.messages import Kline

S = 1_000_000_000


class Info:
    id = 1
    symbol = "BTCUSDT"


class Taker:
    """Stands for a runner: notes what it is handed, by second, those of the past in brackets."""

    def __init__(self, wanted):
        self.wanted = wanted
        self.taken = []

    def history_bars(self, number, bar_ms):
        return self.wanted

    def on_bar(self, info, bar):
        self.taken.append(bar.start_ns // S)

    def on_past_bar(self, info, bar):
        self.taken.append([bar.start_ns // S])


class Desk:
    def __init__(self, *wanted):
        self.takers = [Taker(each) for each in wanted]
        self.series = BarSeries("md", Info(), 1000, self.takers)
        self.asked = 0
        self.series.bind(self._ask)

    def _ask(self, series):
        assert series.waiting
        self.asked += 1

    def take(self, *seconds, partial=False):
        self.series.take([Bar(second * S, S, 1, 1, 1, 1, 1, 1, partial) for second in seconds])

    def join(self, *seconds):
        return self.series.join([Kline(second * S, 1, 1, 1, 1, 1, 1) for second in seconds])

    @property
    def taken(self):
        return self.takers[0].taken


def test_without_history_whole_bars_are_handed_on_and_partial_ones_left_out():
    desk = Desk(0)
    desk.take(5, partial=True)
    desk.take(6)
    desk.take(7, partial=True)
    desk.take(8)
    desk.take(11)
    assert desk.taken == [6, 8, 11]
    assert desk.series.left_out == 4
    assert desk.asked == 0


def test_history_comes_first_and_own_bars_join_without_gap_or_double():
    desk = Desk(3)
    assert desk.series.waiting
    assert desk.series.missing() == 3
    desk.take(9, partial=True)
    desk.take(10, 11)
    assert desk.taken == []
    assert desk.join(7, 8, 9, 10)
    assert desk.taken == [[8], [9], [10], 11]
    desk.take(12)
    assert desk.taken[-1] == 12
    assert (desk.series.left_out, desk.asked) == (0, 0)


def test_partial_bar_waits_for_the_venues_and_what_follows_behind_it():
    desk = Desk(3)
    desk.join(5, 6)
    desk.take(7, partial=True)
    assert (desk.asked, desk.series.missing()) == (1, 1)
    desk.take(8)
    assert desk.series.missing() == 2
    assert not desk.join(6)
    assert desk.join(7)
    assert desk.taken == [[5], 6, [7], 8]
    assert desk.series.left_out == 0


def test_bars_of_which_nothing_is_known_are_the_venues():
    desk = Desk(10)
    desk.join(5)
    desk.take(9)
    assert (desk.asked, desk.series.missing()) == (1, 4)
    assert desk.join(6, 7, 8)
    assert desk.taken == [5, [6], [7], [8], 9]


def test_what_the_venue_does_not_give_is_left_out_and_counted():
    desk = Desk(3)
    desk.join(5)
    desk.take(7, partial=True)
    desk.take(8)
    desk.series.give_up()
    desk.take(9)
    assert desk.taken == [5, 8, 9]
    assert desk.series.left_out == 2


def test_each_gets_as_much_of_before_as_it_wants():
    desk = Desk(3, 1, 0)
    assert desk.join(5, 6, 7)
    desk.take(8)
    assert [taker.taken for taker in desk.takers] == [[[5], [6], 7, 8], [7, 8], [8]]
