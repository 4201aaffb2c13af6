"""The tape of a market: the last trades, and the figures of its ticker."""

from agents.paper.market.market import TRADES_KEPT, PublicTrade, Tape

E8 = 100_000_000


def trade(number: int) -> PublicTrade:
    return PublicTrade(number, "1.00", "1", number, False, number, number)


def test_the_tape_keeps_the_last_trades_and_the_figures_of_all() -> None:
    tape = Tape()
    for number, price in enumerate((3, 1, 2), 1):
        tape.add(trade(number), price * E8, 2 * E8)
    assert (tape.high_e8, tape.low_e8) == (3 * E8, E8)
    assert (tape.volume_e8, tape.quote_volume_e8, tape.count) == (6 * E8, 12 * E8, 3)
    for number in range(4, TRADES_KEPT + 4):
        tape.add(trade(number), 2 * E8, E8)
    assert (len(tape.trades), tape.trades[0].id, tape.count) == (TRADES_KEPT, 4, TRADES_KEPT + 3)
    assert tape.first == trade(1)
