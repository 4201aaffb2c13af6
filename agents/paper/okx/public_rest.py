"""OKX's public REST endpoints: time, instruments, books, bars, trades, tickers, marks and funding.

(OKX v5 documentation, REST: order book trading and public data.) Lists of bars and trades are newest first.
"""

from collections.abc import Callable
from typing import Any

from agents.paper.account.new_order import NOTIONAL_MAX_E8, QTY_MAX_E8
from agents.paper.call import Call
from agents.paper.dialect import Floor
from agents.paper.market.market import PublicTrade
from agents.paper.money import E8, Listing, format_e8, trimmed
from agents.paper.okx.answers import Json, OkxRefusal, answer, missing, wrong
from agents.paper.okx.candle_frames import BARS_MS, bar_row
from agents.paper.okx.instrument_names import symbol_of
from agents.paper.okx.market_writer import FUNDING_HOURS, FUNDING_RATE, LINEAR, SWAP
from schemas.units import HOUR, MS

BOOK_MAX, TRADES_MAX, OLD_TRADES_MAX, BARS_MAX, OLD_BARS_MAX = 400, 500, 100, 300, 100
TYPES = {"SPOT": "spot", "SWAP": "linear"}
Handler = Callable[[Call], list[Any]]


class OkxPublicRest:
    """Handlers of the public endpoints, by path."""

    def __init__(self, floor: Floor) -> None:
        """Answer for the market of `floor`."""
        self._floor = floor
        self._market = floor.market
        self.routes: dict[str, Handler] = {
            "/api/v5/public/time": self._time,
            "/api/v5/public/instruments": self._instruments,
            "/api/v5/public/mark-price": self._marks,
            "/api/v5/public/funding-rate": self._funding,
            "/api/v5/market/books": self._books,
            "/api/v5/market/trades": self._trades,
            "/api/v5/market/history-trades": self._old_trades,
            "/api/v5/market/candles": lambda call: self._bars(call, BARS_MAX),
            "/api/v5/market/history-candles": lambda call: self._bars(call, OLD_BARS_MAX),
            "/api/v5/market/ticker": lambda call: [self._ticker(*self._symbol(call), call)],
            "/api/v5/market/tickers": self._tickers,
            "/api/v5/system/status": lambda call: [],
        }

    def answer(self, call: Call) -> Json:
        """Return the whole answer; raises OkxRefusal for what is wrong with the call."""
        return answer(self.routes[call.path](call))

    def _time(self, call: Call) -> list[Any]:
        """Return the venue's time; beside it that of a recording, which its frames have."""
        market_ms = self._market.clock_ns(call.wall_ns) // MS
        told: Json = {"ts": str(call.wall_ms)}
        return [told | ({"marketTime": market_ms} if market_ms != call.wall_ms else {})]

    def _instruments(self, call: Call) -> list[Any]:
        asked, symbol = call.params.get("instType", ""), call.params.get("instId", "")
        if not asked:
            raise missing("instType")
        if asked not in (*TYPES, "FUTURES", "OPTION", "MARGIN"):
            raise wrong("instType")
        listed = list(enumerate(self._floor.listings.values(), 1))
        rows = [
            _instrument(each, asked, number)
            for number, each in listed
            if each.category == TYPES.get(asked, "") and symbol in ("", each.venue_symbol)
        ]
        if symbol and not rows:
            raise OkxRefusal(51001, "Instrument ID, Instrument ID code, or Spread ID doesn't exist.")
        return rows

    def _books(self, call: Call) -> list[Any]:
        _, name = self._symbol(call)
        view = self._market.depth(name, _limit(call, "sz", 1, BOOK_MAX))
        bids, asks = ([[price, qty, "0", "1"] for price, qty in side] for side in (view.bids, view.asks))
        data: Json = {"asks": asks, "bids": bids, "ts": str(view.event_ms or call.wall_ms)}
        numbered = call.params.get("source") is not None and (view.seq or self._market.kind == "model")
        return [data | ({"seqId": view.seq or view.last_update_id} if numbered else {})]

    def _trades(self, call: Call) -> list[Any]:
        symbol, name = self._symbol(call)
        trades = list(self._market.tapes[name].trades)[-_limit(call, "limit", 100, TRADES_MAX) :]
        return [_trade(each, symbol) for each in reversed(trades)]

    def _old_trades(self, call: Call) -> list[Any]:
        """Return the trades before an id, or before a time in milliseconds (type 2), or the newest."""
        symbol, name = self._symbol(call)
        by_time, after, before = call.params.get("type", "1") == "2", _number(call, "after"), _number(call, "before")
        found = [
            each
            for each in self._market.tapes[name].trades
            if (after is None or (each.time_ms if by_time else each.id) < after)
            and (before is None or by_time or each.id > before)
        ]
        return [_trade(each, symbol) for each in reversed(found[-_limit(call, "limit", 100, OLD_TRADES_MAX) :])]

    def _bars(self, call: Call, most: int) -> list[Any]:
        _, name = self._symbol(call)
        length_ms = BARS_MS.get(call.params.get("bar", "1m"))
        if length_ms is None:
            raise wrong("bar")
        now_ms = self._market.clock_ns(call.wall_ns) // MS
        after, before = _number(call, "after"), _number(call, "before")
        until = None if after is None else after - 1
        bars = self._market.tapes[name].klines.bars(length_ms, now_ms, None, until, _limit(call, "limit", 100, most))
        contract_e8 = self._contract_e8(name)
        kept = [each for each in reversed(bars) if before is None or each.open_ms > before]
        return [bar_row(each, contract_e8, ended=each.open_ms + length_ms <= now_ms) for each in kept]

    def _tickers(self, call: Call) -> list[Any]:
        category = TYPES.get(call.params.get("instType", ""), "")
        listed = [each for each in self._floor.listings.values() if each.category == category]
        return [self._ticker(each.venue_symbol, each.symbol, call) for each in listed]

    def _ticker(self, symbol: str, name: str, call: Call) -> Json:
        view, tape = self._market.depth(name, 1), self._market.tapes[name]
        bid, ask = (view.bids or [("", "")])[0], (view.asks or [("", "")])[0]
        last = tape.trades[-1] if tape.trades else None
        price = last.price if last is not None else bid[0]
        first = tape.first.price if tape.first else price
        return {
            "instType": "SWAP" if symbol.endswith(SWAP) else "SPOT",
            "instId": symbol,
            "last": price,
            "lastSz": last.qty if last is not None else "",
            "askPx": ask[0],
            "askSz": ask[1],
            "bidPx": bid[0],
            "bidSz": bid[1],
            "open24h": first,
            "high24h": trimmed(format_e8(tape.high_e8)),
            "low24h": trimmed(format_e8(tape.low_e8)),
            "volCcy24h": trimmed(format_e8(tape.quote_volume_e8 * self._contract_e8(name) // E8)),
            "vol24h": trimmed(format_e8(tape.volume_e8)),
            "ts": str(self._market.clock_ns(call.wall_ns) // MS),
            "sodUtc0": first,
            "sodUtc8": first,
        }

    def _marks(self, call: Call) -> list[Any]:
        symbol, name = self._symbol(call)
        price = self._ticker(symbol, name, call)["last"]
        return [{"instType": "SWAP", "instId": symbol, "markPx": price, "ts": str(call.wall_ms)}]

    def _funding(self, call: Call) -> list[Any]:
        symbol, _ = self._symbol(call)
        if not symbol.endswith(SWAP):
            raise wrong("instId")
        length_ms = FUNDING_HOURS * HOUR // MS
        next_ms = (call.wall_ms // length_ms + 1) * length_ms
        return [
            {
                "instType": "SWAP",
                "instId": symbol,
                "fundingRate": FUNDING_RATE,
                "nextFundingRate": FUNDING_RATE,
                "fundingTime": str(next_ms),
                "nextFundingTime": str(next_ms + length_ms),
                "ts": str(call.wall_ms),
            }
        ]

    def _contract_e8(self, name: str) -> int:
        listing = self._floor.listings.get(name)
        return listing.contract_e8 if listing is not None else E8

    def _symbol(self, call: Call) -> tuple[str, str]:
        """Return the venue's and our name of the instrument that a call names."""
        symbol = call.params.get("instId", "")
        if not symbol:
            raise missing("instId")
        name = symbol_of(self._floor, symbol)
        if name not in self._market.symbols:
            raise OkxRefusal(51001, "Instrument ID, Instrument ID code, or Spread ID doesn't exist.")
        return symbol, name


def _number(call: Call, name: str) -> int | None:
    text = call.params.get(name, "")
    if text and not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise wrong(name)
    return int(text) if text else None


def _limit(call: Call, name: str, default: int, most: int) -> int:
    limit = _number(call, name)
    return min(limit or default, most)


def _trade(trade: PublicTrade, symbol: str) -> Json:
    side = "sell" if trade.buyer_maker else "buy"
    row = {"instId": symbol, "side": side, "sz": trade.qty, "px": trade.price, "tradeId": str(trade.id)}
    return row | {"ts": str(trade.time_ms)}


def _instrument(listing: Listing, kind: str, number: int) -> Json:
    """Return one instrument; its code, by which socket orders name it, is its place in the configuration."""
    linear = listing.category == LINEAR
    most, lot = trimmed(format_e8(QTY_MAX_E8)), trimmed(format_e8(listing.lot_e8))
    family = f"{listing.base}-{listing.quote}"
    return {
        "alias": "",
        "auctionEndTime": "",
        "baseCcy": "" if linear else listing.base,
        "category": "1",
        "contTdSwTime": "",
        "ctMult": "1" if linear else "",
        "ctType": "linear" if linear else "",
        "ctVal": trimmed(format_e8(listing.contract_e8)) if linear else "",
        "ctValCcy": listing.base if linear else "",
        "expTime": "",
        "futureSettlement": False,
        "instFamily": family if linear else "",
        "instId": listing.venue_symbol,
        "instIdCode": number,
        "instType": kind,
        "lever": "10",
        "listTime": "1573557408000",
        "lotSz": lot,
        "maxIcebergSz": most,
        "maxLmtAmt": trimmed(format_e8(NOTIONAL_MAX_E8)),
        "maxLmtSz": most,
        "maxMktAmt": "" if linear else trimmed(format_e8(NOTIONAL_MAX_E8)),
        "maxMktSz": most,
        "maxPlatOILmt": "",
        "maxStopSz": most,
        "maxTriggerSz": most,
        "maxTwapSz": most,
        "minSz": lot,
        "openType": "",
        "optType": "",
        "posLmtAmt": "",
        "posLmtPct": "",
        "preMktSwTime": "",
        "quoteCcy": "" if linear else listing.quote,
        "ruleType": "normal",
        "settleCcy": listing.quote if linear else "",
        "state": "live",
        "stk": "",
        "tickSz": trimmed(format_e8(listing.tick_e8)),
        "tradeQuoteCcyList": [],
        "uly": family if linear else "",
    }
