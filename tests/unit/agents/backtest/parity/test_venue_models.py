"""How models are written."""

import pytest

from agents.backtest.parity.venue_models import VenueModel, parse_models, usual_models
from schemas.errors import ConfigError


def test_queues_and_latencies_make_a_product():
    found = parse_models(["log,power:2/5ms,measured", "optimistic", "log/5ms"], 3.0)
    names = ["log/5ms", "log/measured", "power:2/5ms", "power:2/measured", "optimistic/measured"]
    assert [each.name for each in found] == names


@pytest.mark.parametrize(
    ("text", "entry_ns", "written"),
    [
        ("0ms", 0, "0ms"),
        ("250us", 250_000, "250us"),
        ("2.5ms", 2_500_000, "2.5ms"),
        ("1s", 10**9, "1000ms"),
        ("7ns", 7, "7ns"),
    ],
)
def test_latencies_are_written_in_their_unit(text, entry_ns, written):
    (found,) = parse_models([f"power/{text}"], 3.0)
    assert found == VenueModel("power", 3.0, entry_ns)
    assert found.name == f"power:3/{written}"
    assert parse_models([found.name], 1.0) == [found]


@pytest.mark.parametrize(
    "text", ["fifo", "log/", "log/5", "log/61s", "log/-1ms", "power:0/1ms", "power:x", "log:2/1ms", "", "log,/1ms"]
)
def test_what_is_no_model_is_refused(text):
    with pytest.raises(ConfigError, match="allowed"):
        parse_models([text], 3.0)


def test_the_usual_ones_are_each_queue_with_each_latency():
    found = usual_models(12_345_600, 1_000_000, 3.0, [5_000_000])
    assert len(found) == 16
    assert {each.latency for each in found} == {"measured", "12.346ms", "5ms", "0ms"}
    assert {each.queue_text for each in found} == {"risk_averse", "optimistic", "power:3", "log"}


def test_a_median_that_is_what_is_configured_is_not_tried_twice():
    found = usual_models(5_500_000, 1_000_000, 3.0, [5_000_000])
    assert {each.latency for each in found} == {"measured", "5ms", "0ms"}
