"""An execution agent on a Bybit account whose venue answers from what a test says that it has."""

import json

from agents.execution.agent import build
from schemas.config import Config, ExecutionConfig, MarketDataConfig, PortfolioConfig, RiskConfig
from schemas.messages import OrderFilled
from schemas.orders import OrderStatus, Side, TimeInForce
from schemas.streams import Kind, stream_id
from tests.unit.agents.fake_context import FakeContext
from tests.unit.agents.submissions import approved, submission
from tests.unit.agents.venues.bybit.account_desk import execution, frame, order
from tests.unit.agents.venues.bybit.bybit_market import MS, config_of, instrument

S = OrderStatus
SECOND = 1_000 * MS
STREAM = stream_id(Kind.ORDER, 1, 0)
SPOT, LINEAR = 1, 2
CREATE, CANCEL = "/v5/order/create", "/v5/order/cancel"
REALTIME, HISTORY, EXECUTIONS = "/v5/order/realtime", "/v5/order/history", "/v5/execution/list"
TIME, WALLET, INFO = "/v5/market/time", "/v5/account/wallet-balance", "/v5/account/info"
TRANSACTIONS = "/v5/account/transaction-log"
POSITIONS = "/v5/position/list"


class Desk:
    """The agent on a fake context; what asks and changes nothing is answered from what the venue has."""

    def __init__(self, log=(), positions=(), leverage="10", market_data=(), **declared):
        market = config_of(
            instrument(SPOT, "BTCUSDT", "spot", "0.01", "0.000001"),
            instrument(LINEAR, "BTC-PERP", "linear", "0.10", "0.001", venue_symbol="BTCUSDT", **declared),
        )
        agents = {
            "execution": ExecutionConfig(id=1, venue="bybit", market_data=market_data),
            "risk": RiskConfig(id=2, market_data=("md",), execution=("execution",), portfolio="portfolio"),
            "portfolio": PortfolioConfig(id=3, execution=("execution",), market_data=("md",)),
            "md": MarketDataConfig(id=6, venue="bybit", instruments=("BTCUSDT", "BTC-PERP")),
        }
        self.realtime, self.history, self.executions = [], [], []
        self.transfers = []
        self.positions = list(positions)
        self.leverage = leverage
        self.wallet = {"totalMarginBalance": "1000", "totalAvailableBalance": "900"}
        self.asked = []
        self.ctx = FakeContext("execution", epoch=2 if log else 1)
        self.agent = build("execution", Config(venues=market.venues, instruments=market.instruments, agents=agents))
        self.agent.bind(self.ctx)
        for header, message in log:
            self.agent.restore(header, message)
        self.log = list(log)
        self.agent.start()
        self.answer_all()
        self.agent.on_socket("user", True, "")
        self.tell(b'{"success":true,"ret_msg":"","op":"auth","conn_id":"c"}')
        self.tell(b'{"success":true,"ret_msg":"","op":"subscribe","req_id":"user-1","conn_id":"c"}')
        self.answer_all()
        self.asked.clear()

    def tell(self, text):
        self.agent.on_frame("user", text)

    def answer_all(self):
        """Answer all that asks, until nothing is asked any more."""
        while waiting := [(number, call) for number, call in self.ctx.calls.items() if call.method == "GET"]:
            for number, call in waiting:
                if call.path != TIME:
                    self.asked.append((call.path, dict(call.params)))
                body = {"retCode": 0, "retMsg": "OK", "result": self.result(call), "time": self.ctx.wall_ns // MS}
                self.ctx.respond(self.agent, number, json.dumps(body).encode())

    def result(self, call):
        if call.path == TIME:
            return {"timeNano": str(self.ctx.wall_ns)}
        if call.path == WALLET:
            return {"list": [{"coin": [{"coin": "USDT", "walletBalance": "1000"}], **self.wallet}]}
        if call.path == TRANSACTIONS:
            return {"list": [row for row in self.transfers if row["type"] == call.params["type"]], "nextPageCursor": ""}
        if call.path == INFO:
            return {"marginMode": "REGULAR_MARGIN", "unifiedMarginStatus": 5}
        if call.path == POSITIONS:
            none = {"symbol": "BTCUSDT", "side": "", "size": "0", "leverage": self.leverage, "positionIdx": 0}
            return {"category": "linear", "list": self.positions or ([none] if "symbol" in call.params else [])}
        rows = {REALTIME: self.realtime, HISTORY: self.history, EXECUTIONS: self.executions}[call.path]
        asked = [("category", "category"), ("symbol", "symbol"), ("orderId", "orderId"), ("orderLinkId", "orderLinkId")]
        asked += [("execType", "execType")] if "execType" in call.params else []
        found = [row for row in rows if all(call.params.get(name, row[key]) == row[key] for name, key in asked)]
        if "settleCoin" in call.params or ("limit" in call.params and call.path == REALTIME):
            found = [row for row in found if row["orderStatus"] in ("New", "PartiallyFilled")]
        first = int(call.params.get("cursor", "0"))
        page = found[first : first + int(call.params.get("limit", "50"))]
        return {"category": call.params["category"], "list": page, "nextPageCursor": str(first + len(page))}

    def submit(self, client_id="mine", qty=100, price=300_005, time_in_force=TimeInForce.GTC, instrument_id=LINEAR):
        self.ctx.ask(self.agent, submission(approved(client_id, qty, price, Side.BUY, time_in_force, instrument_id)))

    def respond(self, path, body=b"", **more):
        (number,) = self.ctx.pending("POST", path)
        self.ctx.respond(self.agent, number, body, **more)

    def taken(self, path=CREATE, venue_id="V1"):
        self.respond(path, json.dumps({"retCode": 0, "result": {"orderId": venue_id, "orderLinkId": "mine"}}).encode())

    def pass_time(self, duration_ns):
        for _ in range(duration_ns // (250 * MS)):
            self.ctx.advance(self.agent, 250 * MS)
            self.answer_all()

    def restarted(self, **more):
        """Return another life of the same agent: what it published is its log."""
        log = self.log + [(item.header, item.message) for item in self.ctx.published]
        return Desk(log, self.positions, self.leverage, **more)

    def told(self, kind, stream=STREAM):
        """Return the messages of a type that were published."""
        return [message for message in self.ctx.messages(stream) if isinstance(message, kind)]

    def events(self, client_id="mine"):
        return [m for m in self.ctx.messages(STREAM) if getattr(m, "client_order_id", None) == client_id]

    def statuses(self, client_id="mine"):
        return [S(m.status) for m in self.events(client_id) if m.status != S.INITIALIZED]

    def fills(self):
        return [m for m in self.ctx.messages(STREAM) if isinstance(m, OrderFilled)]

    def asked_of(self, path):
        return [params for where, params in self.asked if where == path]


def position(size="0.5", side="Buy", entry="50000.00", **changes):
    """Return a position in the contract as REST and stream write it."""
    return {
        "category": "linear",
        "symbol": "BTCUSDT",
        "side": side if size != "0" else "",
        "size": size,
        "avgPrice": entry,
        "markPrice": "50500.00",
        "liqPrice": "45000.00",
        "leverage": "10",
        "positionIdx": 0,
        "tradeMode": 0,
        "updatedTime": "1700000000000",
        **changes,
    }


def stands(status="New", **changes):
    return order(orderId="V1", orderStatus=status, **changes)


def filled(qty="0.100", number=1, **changes):
    terms = {"side": "Buy", "orderId": "V1", "execPrice": "30000.5", "orderQty": "0.100", "orderPrice": "30000.5"}
    return execution(execQty=qty, execId=f"E{number}", execFee="0.1", **terms, **changes)


def working():
    """Return a desk with an order that the venue has told of."""
    desk = Desk()
    desk.submit()
    desk.taken()
    desk.tell(frame("order", stands()))
    assert desk.statuses() == [S.SUBMITTED, S.NEW]
    return desk
