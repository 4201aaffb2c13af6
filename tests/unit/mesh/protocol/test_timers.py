"""One timer of each name, the longest due first, however often they are moved."""

from mesh.protocol.timers import Timers

FAR = 1 << 60


def due(timers, now_ns):
    found = []
    while (name := timers.next(now_ns)) is not None:
        found.append(name)
    return found


def test_timers_come_in_the_order_in_which_they_are_due_and_once():
    timers = Timers()
    timers.set("late", 30)
    timers.set("early", 10)
    timers.set("middle", 20)
    assert due(timers, 9) == []
    assert due(timers, 20) == ["early", "middle"]
    assert due(timers, 100) == ["late"]
    assert due(timers, 100) == []


def test_a_timer_that_is_moved_comes_at_its_last_time_only():
    timers = Timers()
    timers.set("a", 10)
    timers.set("a", 30)
    assert due(timers, 20) == []
    timers.set("a", 25)
    assert due(timers, 25) == ["a"]
    assert due(timers, 100) == []


def test_a_timer_that_is_canceled_does_not_come_and_may_be_set_again():
    timers = Timers()
    timers.set("a", 10)
    timers.cancel("a")
    timers.cancel("never set")
    assert due(timers, 10) == []
    timers.set("a", 10)
    assert due(timers, 10) == ["a"]


def test_the_next_look_is_never_after_the_next_timer():
    timers = Timers()
    assert timers.due_ns(50) == 50
    timers.set("a", 60)
    assert timers.due_ns(50) == 50
    timers.set("b", 40)
    assert timers.due_ns(50) == 40


def test_timers_that_are_moved_all_the_time_are_not_kept():
    timers = Timers()
    for at_ns in range(10_000):
        timers.set("moved", at_ns + 1)
        timers.set("other", FAR - at_ns)
    assert timers.due_ns(FAR) > 9_000, "what was moved before is not looked at one by one"
    assert due(timers, 10_000) == ["moved"]
    assert due(timers, FAR) == ["other"]
