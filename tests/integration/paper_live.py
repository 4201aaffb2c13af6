"""A paper venue on a real loopback port, served from a thread, for tests."""

import asyncio
import ssl
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from agents.paper import build, shell
from agents.paper.agent import PaperAgent
from agents.paper.server import PaperServer
from mesh.agent_io import Inputs
from schemas.config import Config, InstrumentConfig, PaperConfig, VenueConfig
from schemas.figures import PaperFigures
from schemas.markets import VenueKind

KEY, SECRET = "paperkey-0001", "papersecret"
BTC = InstrumentConfig(
    id=1,
    venue="paper",
    symbol="BTCUSDT",
    base="BTC",
    quote="USDT",
    tick_size="0.01",
    lot_size="0.000001",
    min_notional="5",
)


class LivePaper:
    """One venue and the loop that it runs on."""

    def __init__(self, agent: PaperAgent, server: PaperServer) -> None:
        self.agent = agent
        self.server = server
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def ws_url(self) -> str:
        return self.server.url.replace("http", "ws")

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine on the venue's loop and return its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def figures(self) -> PaperFigures:
        """Return the agent's figures, taken on its own loop."""

        async def read() -> PaperFigures:
            return self.agent.figures()

        figures: PaperFigures = self.run(read())
        return figures

    def start(self, inputs: Inputs | None = None) -> None:
        self._thread.start()
        try:
            self.run(self.server.start(inputs))
        except BaseException:
            self._end()
            raise

    def stop(self) -> None:
        self.run(self.server.stop())
        self._end()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@contextmanager
def paper_venue(
    instruments: tuple[InstrumentConfig, ...] = (BTC,),
    *,
    kind: VenueKind = "binance_spot",
    inputs: Inputs | None = None,
    tls: ssl.SSLContext | None = None,
    **config: Any,
) -> Iterator[LivePaper]:
    """Serve a paper venue of a kind on a free port, by https and wss with `tls`.

    Credentials must be set as TESTPAPER_KEY and TESTPAPER_SECRET, and TESTPAPER_PASSPHRASE where the kind wants one.
    """
    config = {"listen": "127.0.0.1:0", "balances": {"USDT": "1000000", "BTC": "10"}, "lead_in_ms": 300, **config}
    whole = Config(
        venues=(VenueConfig(id=1, name="paper", kind=kind, credentials="TESTPAPER"),),
        instruments=instruments,
        agents={"paper": PaperConfig(id=1, venue="paper", **config)},
    )
    agent = build("paper", whole)
    server = shell("paper", whole, agent) if tls is None else PaperServer(agent.exchange, "127.0.0.1:0", tls=tls)
    live = LivePaper(agent, server)
    live.start(inputs)
    try:
        yield live
    finally:
        live.stop()
