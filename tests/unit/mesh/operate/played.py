"""A mesh that is played in this process: a client whose agents answer at once, or never, in a time of its own."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from mesh import config
from mesh.run import default_config
from mesh.transport.client import Client, Question
from schemas.config import Config
from schemas.figures import DecisionFigures, HeldFigures, OtherFigures, RiskFigures
from schemas.messages import (
    Ack,
    AgentStatus,
    CancelAll,
    CancelOrder,
    Flatten,
    Message,
    OpenOrdersAnswer,
    OpenOrdersRequest,
    SetTradingMode,
    StatusRequest,
)
from schemas.orders import Reason, TradingMode

OPENS, REDUCES = True, False


class PlayedExecution:
    """An account: orders by id, each with its strategy and whether it opens; canceled ones are gone after some looks."""

    def __init__(self) -> None:
        self.orders: dict[str, tuple[str, bool]] = {}
        self.positions: dict[str, str] = {}
        self.trouble = ""
        self.canceling: dict[str, int] = {}
        self.looks = 2
        """How often it is looked at until a cancel is confirmed."""
        self.asked: list[Message] = []

    def on_message(self, message: Message) -> Message:
        if isinstance(message, StatusRequest):
            return AgentStatus("execution", "execution", "live", 1, 1, 1, {}, (), {}, {}, OtherFigures(values={}))
        if not isinstance(message, OpenOrdersRequest):
            self.asked.append(message)
        if isinstance(message, OpenOrdersRequest):
            return self.look(message)
        if isinstance(message, CancelAll):
            for each, (strategy, opens) in self.orders.items():
                if message.strategy in ("", strategy) and (opens or not message.opening_only):
                    self.canceling.setdefault(each, self.looks)
        elif isinstance(message, CancelOrder):
            if message.client_order_id not in self.orders:
                return Ack(False, Reason.ORDER_NOT_FOUND, message.client_order_id)
            self.canceling.setdefault(message.client_order_id, self.looks)
        return Ack(True)

    def look(self, message: OpenOrdersRequest) -> OpenOrdersAnswer:
        for each in [each for each, left in self.canceling.items() if left == 0]:
            del self.canceling[each], self.orders[each]
        self.canceling = {each: left - 1 for each, left in self.canceling.items()}
        found = tuple(each for each, (strategy, _) in self.orders.items() if message.strategy in ("", strategy))
        canceling = tuple(each for each in found if each in self.canceling)
        return OpenOrdersAnswer(found, (), dict(self.positions), self.trouble, canceling)


class PlayedRisk:
    """Keeps modes as the real one does, and closes what its account holds when it is asked to flatten."""

    def __init__(self, account: PlayedExecution) -> None:
        self.account = account
        self.modes: dict[str, TradingMode] = {}
        self.limits: list[str] = []
        self.asked: list[Message] = []
        self.flattens = True

    def on_message(self, message: Message) -> Message:
        self.asked.append(message)
        if isinstance(message, StatusRequest):
            return self.status()
        if isinstance(message, SetTradingMode):
            mode = TradingMode(message.mode)
            if self.modes.get(message.strategy, TradingMode.ACTIVE) - mode > 1:
                return Ack(False, text="one step at a time")
            self.modes[message.strategy] = mode
        elif isinstance(message, Flatten) and self.flattens:
            self.account.positions = {}
        return Ack(True)

    def status(self) -> AgentStatus:
        named = {scope: f"strategy={scope}" if scope else "all" for scope in self.modes}
        lines = [f"{mode.name} {named[scope]}: operator: x" for scope, mode in self.modes.items() if mode]
        figures = RiskFigures(
            decisions=DecisionFigures(approved=0, denied={}),
            released=0,
            trading=[*lines, *self.limits],
            open=HeldFigures(orders=0, reserved=0, unknown=0),
            exposure_gross="0",
            positions={},
            feed_faults={},
            books_damaged=0,
        )
        return AgentStatus("risk", "risk", "live", 1, 1, 1, {}, (), {}, {}, figures)


class Played(Client):
    """Asks the agents that are played; one that is not among them is dead."""

    def __init__(self, agents: Mapping[str, Callable[[Message], Message]]) -> None:
        self.agents = dict(agents)
        self.now_s = 100.0

    def begin(self, messages: Mapping[str, Message]) -> Question:
        question = Question(list(messages))
        for name, message in messages.items():
            if name in self.agents:
                question.answers[name] = self.agents[name](message)
        return question

    def wait(
        self, question: Question, timeout_s: float = 2.0, needed: Collection[str] | None = None
    ) -> dict[str, Message]:
        if any(name not in question.answers for name in (question.asked if needed is None else needed)):
            self.now_s += timeout_s
        return dict(question.answers)

    def now(self) -> float:
        return self.now_s

    def pause(self, seconds: float) -> None:
        self.now_s += seconds


def desk(folder: Path, change: Callable[[dict[str, Any]], None] = lambda tree: None) -> Config:
    """Return the default configuration, as `change` alters it."""
    tree = default_config.default_tree(folder, 8090)
    change(tree)
    return config.parse(tree)
