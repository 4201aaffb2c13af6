"""What OKX lists, as it was recorded in 2022 and as samples of today have it."""

import gzip
import json

import pytest

from agents.instruments import InstrumentTable
from agents.venues.okx.listing import decode_listing, listing_calls
from schemas.config import Config
from schemas.errors import VenueError
from tests.unit.agents.venues.okx.okx_market import VENUE, instrument

BTC = instrument("BTC-USDT")
ETH_SWAP = instrument("ETH-USDT-SWAP", "0.01", "0.01", base="ETH", contract_size="0.1", number=2)


def infos(*configs):
    return list(InstrumentTable(Config(venues=(VENUE,), instruments=configs, agents={})).by_id.values())


@pytest.fixture
def recorded(data_dir):
    path = data_dir / "raw" / "okx" / "cryptofeed" / "OKX.0.gz"
    answers = {}
    for line in gzip.decompress(path.read_bytes()).splitlines():
        head, _, body = line.partition(b": ")
        if b"instType=" in head:
            answers.setdefault(head.split(b"instType=")[1].split()[0].decode(), body)
    return answers


@pytest.fixture
def swaps(data_dir):
    return (data_dir / "private-and-rest" / "nautilus" / "okx" / "http_get_instruments_swap.json").read_bytes()


def one(config, body):
    (listed,) = decode_listing(infos(config), body)
    return listed


def test_one_call_lists_all_of_a_type():
    assert [(call.path, call.params) for call in listing_calls(infos(BTC, ETH_SWAP))] == [
        ("/api/v5/public/instruments", {"instType": "SPOT"}),
        ("/api/v5/public/instruments", {"instType": "SWAP"}),
    ]


def test_spot_as_recorded(recorded):
    listed = one(BTC, recorded["SPOT"])
    assert (listed.min_qty_lots, listed.max_qty_lots, listed.fault) == (1_000, 999_999_999_900_000_000, "")
    assert (listed.qty_step_lots, listed.price_step_ticks) == (1, 1)


def test_a_swap_as_recorded_is_counted_in_its_contracts(recorded):
    config = instrument("BTC-USDT-SWAP", "0.01", "0.1", contract_size="0.01")
    listed = one(config, recorded["SWAP"])
    assert (listed.min_qty_lots, listed.qty_step_lots, listed.price_step_ticks, listed.fault) == (10, 10, 10, "")
    assert (listed.contract_size_e8, listed.margin) == (1_000_000, True)


def test_a_swap_of_today(swaps):
    entry = next(each for each in json.loads(swaps)["data"] if each["instId"] == "ETH-USDT-SWAP")
    assert (entry["ctVal"], entry["lotSz"], entry["minSz"], entry["maxLmtAmt"]) == ("0.1", "0.01", "0.01", "20000000")
    listed = one(ETH_SWAP, swaps)
    assert (listed.min_qty_lots, listed.max_qty_lots, listed.fault) == (1, int(entry["maxLmtSz"]) * 100, "")
    assert listed.max_notional_e8 == 20_000_000 * 10**8


@pytest.mark.parametrize(
    ("symbol", "more", "fault"),
    [
        ("BTC-USDT-SWAP", {"contract_size": "0.1"}, "contract_size 0.1 of the configuration is not the venue's 0.01"),
        ("BTC-USDT-SWAP", {"base": "ETH"}, "a contract of BTC-USDT-SWAP is of BTC, not ETH"),
        ("BTC-USD-SWAP", {"category": "linear"}, "BTC-USD-SWAP is inverse, not linear"),
        ("NO-USDT-SWAP", {}, "NO-USDT-SWAP is not listed by the venue"),
        ("BTC-USDT-SWAP", {"tick": "1"}, "tick_size 1 of the configuration does not divide the venue's 0.1"),
    ],
)
def test_what_does_not_fit_is_the_fault_of_the_instrument(recorded, symbol, more, fault):
    config = instrument(symbol, **{"lot": "1", "contract_size": "0.01"} | more)
    assert one(config, recorded["SWAP"]).fault == fault


def changed(body, symbol, **fields):
    data = json.loads(body)
    for entry in data["data"]:
        if entry["instId"] == symbol:
            entry.update(fields)
    return json.dumps(data).encode()


def test_an_instrument_that_is_not_live_or_cannot_be_read_is_at_fault(swaps):
    assert one(ETH_SWAP, changed(swaps, "ETH-USDT-SWAP", state="suspend")).fault == (
        "ETH-USDT-SWAP is suspend at the venue, not live"
    )
    assert "cannot be read" in one(ETH_SWAP, changed(swaps, "ETH-USDT-SWAP", tickSz=5)).fault
    assert "cannot be read" in one(ETH_SWAP, changed(swaps, "ETH-USDT-SWAP", minSz="1e3")).fault


def test_a_multiplier_counts(swaps):
    body = changed(swaps, "ETH-USDT-SWAP", ctVal="0.01", ctMult="10")
    assert one(ETH_SWAP, body).fault == ""
    assert one(ETH_SWAP, changed(swaps, "ETH-USDT-SWAP", ctMult="10")).fault == (
        "contract_size 0.1 of the configuration is not the venue's 0.1 x 10"
    )


def test_an_answer_is_of_the_instruments_of_its_type_only(recorded):
    both = infos(BTC, ETH_SWAP)
    assert [each.symbol for each in decode_listing(both, recorded["SPOT"])] == ["BTC-USDT"]
    assert [each.symbol for each in decode_listing(both, recorded["SWAP"])] == ["ETH-USDT-SWAP"]
    assert [each.fault for each in decode_listing(both, b'{"code":"0","data":[]}', "SPOT")] == [
        "BTC-USDT is not listed by the venue"
    ]


@pytest.mark.parametrize("body", [b"", b"[]", b'{"code":"50011","msg":"Too many","data":[]}', b'{"code":"0"}'])
def test_what_is_no_listing_is_refused(body):
    with pytest.raises(VenueError, match="instruments"):
        decode_listing(infos(BTC), body)
