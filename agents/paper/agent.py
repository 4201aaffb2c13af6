"""The paper venue as an agent of the mesh: it serves, logs what happens to its account, and tells its figures.

It follows nothing; what clients of the venue do reaches it through its server, outside the mesh's own inputs. So its
events are published in the very call that changes the account, carry the venue's wall time themselves, and their headers'
times are those of the last input before. Nobody need follow them: they are there for the venue's own next start, which
folds them before the server answers anything. The market has no memory: a restart plays it from its beginning. Credentials
of the account are those that the venue's table names, so that the clients configured with them are let in.
"""

from collections.abc import Mapping

import msgspec

from agents.paper.account.account_log import PaperEvent
from agents.paper.exchange import MarketSource, PaperExchange
from agents.paper.market.capture import Capture
from agents.paper.market.market import Listener
from agents.paper.market.market_writer import MarketWriter
from agents.paper.market.model import ModelMarket
from agents.paper.market.queue_models import QueueModel
from agents.paper.market.recorded import RecordedMarket
from agents.paper.money import Listing
from agents.paper.server import PaperServer
from agents.venues.credentials import load_credentials
from core.frame import Header
from mesh.agent import Agent, Context, Request
from schemas.config import Config, PaperConfig
from schemas.errors import ConfigError
from schemas.figures import PaperFigures
from schemas.messages import Ack, HaltRequest, Message
from schemas.streams import Kind, stream_id


class PaperAgent(Agent):
    """The agent round one `PaperExchange`."""

    rests_on_inputs = False

    def __init__(self, exchange: PaperExchange, stream: int) -> None:
        """Keep the account of `exchange` on `stream`."""
        self.exchange = exchange
        self.server: PaperServer | None = None
        self._stream = stream

    def bind(self, ctx: Context) -> None:
        """Take the context; from now on the account's events go to its log."""
        super().bind(ctx)
        self.exchange.attach_log(lambda event: ctx.publish(self._stream, event), ctx.epoch)

    def restore(self, header: Header, message: Message) -> None:
        """Fold one event of the account."""
        if isinstance(message, PaperEvent):
            self.exchange.restore(message)

    def start(self) -> None:
        """Take up the open orders of an earlier life, then let clients in."""
        self.exchange.begin(self.ctx.wall_ns)
        if self.server is not None:
            self.server.open()

    def on_request(self, request: Request) -> None:
        """Let the market stand still, or go on, as an operator asks; orders are served meanwhile."""
        if isinstance(request.message, HaltRequest):
            self.exchange.halted = request.message.halted
            if self.server is not None:
                self.server.wake()
            self.ctx.reply(request, Ack(True))

    def figures(self) -> PaperFigures:
        """Return the venue's figures; `done` only when nothing waits to be sent any more."""
        figures, server = self.exchange.figures(), self.server
        if server is None:
            return figures
        told: PaperFigures = msgspec.structs.replace(
            figures,
            done=figures.done and server.drained,
            listening=server.url,
            slow_closed=server.slow_closed,
            failure=server.failure,
        )
        return told


def build(name: str, config: Config) -> PaperAgent:
    """Return the paper venue that the table `name` describes.

    Raises:
        CaptureError: If a capture cannot be read.
        ConfigError: If its venue is not configured, has no instruments or no credentials, or sizes do not fit the capture.
    """
    paper = config.agents[name]
    assert isinstance(paper, PaperConfig), "the role chooses the table's type"
    venue = next((venue for venue in config.venues if venue.name == paper.venue), None)
    if venue is None:
        raise ConfigError(
            f"agents.{name}.venue = {paper.venue!r}: no such venue; there are {[v.name for v in config.venues]}"
        )
    account = load_credentials(venue)
    credentials = (account.key, account.secret, account.passphrase)
    exchange = PaperExchange(paper, venue, config.instruments, market_source(paper), credentials)
    return PaperAgent(exchange, stream_id(Kind.ACCOUNT, venue.id))


def shell(name: str, config: Config, agent: Agent) -> PaperServer:
    """Return the server that is the shell of `agent`."""
    paper = config.agents[name]
    assert isinstance(paper, PaperConfig), "the role chooses the table's type"
    assert isinstance(agent, PaperAgent), "made by build of the same table"
    agent.server = PaperServer(agent.exchange, paper.listen)
    return agent.server


def market_source(paper: PaperConfig) -> MarketSource:
    """Return what makes the market: the captures if any are named, else the order-flow model."""
    if not paper.captures:
        return lambda listings, listener, writer: _model(paper, listings, listener, writer)
    capture = Capture.open(paper.captures)

    def recorded(listings: Mapping[str, Listing], listener: Listener, writer: MarketWriter) -> RecordedMarket:
        lead_in_ns = paper.lead_in_ms * 1_000_000
        queue = QueueModel(paper.queue, paper.queue_power)
        return RecordedMarket(
            capture, listings, speed=paper.speed, lead_in_ns=lead_in_ns, listener=listener, queue=queue
        )

    return recorded


def _model(
    paper: PaperConfig, listings: Mapping[str, Listing], listener: Listener, writer: MarketWriter
) -> ModelMarket:
    if not listings:
        raise ConfigError(f"venue {paper.venue!r}: the order-flow model needs an instrument of this venue")
    return ModelMarket(
        listings, seed=paper.seed, speed=paper.speed, prices=paper.prices, listener=listener, writer=writer
    )
