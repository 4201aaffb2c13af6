"""Messages a second, from counts that begin anew with each process."""

from mesh.report.throughput import Meter, Rate
from schemas.messages import AgentStatus, LinkStatus
from schemas.streams import Kind, StreamState, stream_id

BOOK, ORDER = stream_id(Kind.BOOK, 1, 1), stream_id(Kind.ORDER, 1)


def status(epoch: int, received: int, **published: int) -> dict[str, AgentStatus]:
    links = (LinkStatus("md", BOOK, StreamState.LIVE, 1, received, received - 1, 1, 0, 0, 0),)
    streams = {{"book": BOOK, "order": ORDER}[name]: seq for name, seq in published.items()}
    return {"a": AgentStatus("a", "execution", "live", epoch, 0, 0, streams, links, {}, {})}


def test_rates_are_those_between_two_looks() -> None:
    meter = Meter()
    meter.look(status(1, 100, book=50, order=7), 10.0)
    assert meter.now == {"a": Rate()}
    meter.look(status(1, 130, book=90, order=9), 12.0)
    assert meter.now == {"a": Rate(15.0, 21.0)}
    meter.look(status(1, 130, book=90, order=9), 14.0)
    assert meter.now == {"a": Rate()}
    assert meter.mean() == {"a": Rate(7.5, 10.5)}


def test_new_process_counts_from_nothing_but_its_event_streams_go_on() -> None:
    meter = Meter()
    meter.look(status(1, 100, book=50, order=7), 0.0)
    meter.look(status(2, 8, book=10, order=9), 1.0)
    assert meter.now == {"a": Rate(8.0, 12.0)}


def test_silent_agent_counts_again_from_its_last_status() -> None:
    meter = Meter()
    meter.look(status(1, 100), 0.0)
    meter.look({}, 1.0)
    assert meter.now == {}
    meter.look(status(1, 140), 2.0)
    assert meter.mean() == {"a": Rate(20.0, 0.0)}


def test_without_a_second_look_there_is_no_rate() -> None:
    meter = Meter()
    assert meter.mean() == {}
    meter.look(status(1, 100), 5.0)
    assert meter.mean() == {"a": Rate()}
