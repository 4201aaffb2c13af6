"""What money is worth, and which configurations of it are refused."""

import msgspec
import pytest

from agents.instruments import InstrumentTable
from agents.portfolio.builder import build
from agents.portfolio.currencies import Currencies
from agents.portfolio.marks import Mark, MarkLimits
from core.frame import Header
from schemas.config import DeskConfig
from schemas.errors import ConfigError
from schemas.messages import E8, Quote
from schemas.streams import Kind, StreamState, stream_id
from tests.unit.agents.fake_context import FakeContext
from tests.unit.agents.portfolio.desk_of_accounts import INSTRUMENTS, USDC_ONE, desk_config

E9 = 10 * E8
QUOTES = stream_id(Kind.QUOTE, 1, USDC_ONE)


def mark():
    info = InstrumentTable(desk_config()).by_id[USDC_ONE]
    return Mark(info, "md-one", QUOTES, MarkLimits(0.05, 0.1, 1_000))


def test_a_joined_currency_counts_at_its_mark_and_one_on_trust_at_one():
    usdc = mark()
    found = Currencies("USDT", {"USDC": usdc, "USD": None})
    found.bind(FakeContext("folio", sender=20, epoch=1))
    assert found.all == ("USDT", "USDC", "USD")
    assert [found.is_money(asset) for asset in ("USDT", "USDC", "USD", "BTC")] == [True, True, True, False]
    assert [found.rate_e9(asset) for asset in ("USDT", "USDC", "USD", "BTC")] == [E9, 0, E9, 0]
    assert (found.known_rate_e9("USDC"), found.is_live("USDC")) == (None, False)
    usdc.take(Header(stream=QUOTES, type=1, sender=1, epoch=1, seq=1), Quote(1, 1, 1, 9_989, 1, 9_991, 1), 1)
    assert (found.known_rate_e9("USDC"), found.is_live("USDC")) == (999_000_000, True)
    assert (found.known_rate_e9("USD"), found.is_live("USD")) == (E9, True)


def test_it_is_live_with_the_stream_of_its_mark():
    usdc = mark()
    found = Currencies("USDT", {"USDC": usdc})
    ctx = FakeContext("folio", sender=20, epoch=1)
    found.bind(ctx)
    usdc.take(Header(stream=QUOTES, type=1, sender=1, epoch=1, seq=1), Quote(1, 1, 1, 9_999, 1, 10_001, 1), 1)
    ctx.stream_states["md-one", QUOTES] = StreamState.GAP
    assert not found.is_live("USDC")
    assert found.rate_e9("USDC") == E9


@pytest.mark.parametrize(
    ("desk", "text"),
    [
        (DeskConfig(), r"folio\.execution: .* USDC, USDT: name one of them in desk\.currency, .* in desk\.joined"),
        (DeskConfig(currency="USDT"), r"quoted in USDC, which desk\.joined does not join to USDT \(found: none\)"),
        (DeskConfig(currency="USDT", joined={"USD": "1"}), r"quoted in USDC, which desk\.joined .*\(found: USD\)"),
        (DeskConfig(currency="EUR", joined={"USDC": "1"}), r"quoted in USDT, which desk\.joined does not join to EUR"),
        (DeskConfig(currency="USDT", joined={"USDT": "1", "USDC": "1"}), r"desk\.joined\.USDT: remove it"),
        (DeskConfig(currency="USDT", joined={"USDC": "0.99"}), r"desk\.joined\.USDC: '0\.99' is neither '1' nor"),
        (DeskConfig(currency="USDT", joined={"USDC": "USDCEUR"}), r"'USDCEUR' is neither '1' nor .*found: .*USDCUSDT"),
        (DeskConfig(currency="USDT", joined={"USDC": "two:USDCUSDT"}), r"'two:USDCUSDT' is neither"),
        (
            DeskConfig(currency="USDT", joined={"USDC": "BTCUSDT"}),
            r"'BTCUSDT' is at several venues: .*one:BTCUSDT, thr",
        ),
        (DeskConfig(currency="USDT", joined={"USDC": "BTCUSDC"}), r"BTCUSDC does not tell what USDC is worth in USDT"),
        (
            DeskConfig(currency="USDC", joined={"USDT": "USDCUSDT"}),
            r"USDCUSDT does not tell what USDT is worth in USDC",
        ),
    ],
)
def test_what_is_not_joined_or_named_wrongly_is_refused_with_the_key(desk, text):
    with pytest.raises(ConfigError, match=text):
        build("folio", desk_config(desk=desk))


def test_instruments_are_named_by_symbol_or_with_their_venue():
    for name in ("USDCUSDT", "one:USDCUSDT", "1"):
        build("folio", desk_config(desk=DeskConfig(currency="USDT", joined={"USDC": name})))


def test_a_joined_currency_has_no_asset_mark_beside():
    good = desk_config()
    agents = good.agents | {"folio": msgspec.structs.replace(good.agents["folio"], asset_marks={"USDC": "1"})}
    with pytest.raises(ConfigError, match=r"asset_marks\.USDC: remove it: desk\.joined\.USDC"):
        build("folio", msgspec.structs.replace(good, agents=agents))


def test_what_tells_a_currencys_worth_is_followed_though_nobody_trades_it():
    subscribed = {
        s.stream & 0xFFFF for s in build("folio", desk_config()).subscriptions() if s.stream >> 24 == Kind.QUOTE
    }
    assert subscribed == set(INSTRUMENTS)
    desk = DeskConfig(currency="USDT", joined={"USDC": "1"})
    trusting = build("folio", desk_config(desk=desk)).subscriptions()
    assert {s.stream & 0xFFFF for s in trusting if s.stream >> 24 == Kind.QUOTE} == set(INSTRUMENTS) - {USDC_ONE}
