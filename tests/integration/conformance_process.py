"""The conformance suite's venue with an execution agent that is a process of its own, to be killed and started again.

What the agent published is read from its log, what it is in now is asked of it as an operator asks, and orders come from
this process in the name of risk.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from core.frame import unpack
from core.log import LogReader
from mesh.protocol.codec import decode_frame
from schemas.config import Config, MeshConfig
from schemas.figures import ExecutionFigures
from schemas.messages import Ack, Approved, Message, OrderFilled, OrderInitialized, OrderUpdated, SubmitOrder
from tests.integration.conformance import Party, Rig
from tests.integration.live import ROOT, Operator
from tests.unit.agents.submissions import EPOCH, record_of

UNTIL_S_MAX = 40.0
LOOK_S = 0.02
RISK_ID = 3
TTL_MS = 5_000


class ExecutionProcess:
    """One life of the agent; what the suite asks of an agent in its own process is answered here too."""

    def __init__(self, config: Config, folder: Path, deadly: str) -> None:
        """Start it; `deadly` is the call that it dies of, empty for none."""
        self.agent = self
        self.shell = self
        self._errors = folder / "execution.err"
        self._folder = folder
        self._operator = Operator(config)
        self._risk = Operator(config, sender=RISK_ID, epoch=EPOCH)
        with self._errors.open("ab") as errors:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    str(ROOT / "tests/integration/execution_process.py"),
                    str(folder / "config.json"),
                    *([deadly] if deadly else []),
                ],
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stderr=errors,
            )

    def figures(self) -> ExecutionFigures:
        """Return what it says of itself."""
        figures = self._operator.status("execution").figures
        assert isinstance(figures, ExecutionFigures)
        return figures

    def messages(self) -> Sequence[Message]:
        """Return all that it has ever published."""
        reader = LogReader(str(self._folder / "state/execution/log"))
        try:
            return [decode_frame(unpack(frame), frame) for _, frame in reader.scan()]
        finally:
            reader.close()

    def ask(self, _: object, message: Message) -> Message:
        """Have risk ask it."""
        return self._risk.ask("execution", message, ttl_ms=TTL_MS)

    def tell(self, message: Message) -> None:
        """Have risk ask it, and wait for no answer."""
        self._risk.tell("execution", message, ttl_ms=TTL_MS)

    async def answers(self) -> None:
        """Wait until it answers; the venue goes on meanwhile."""
        await asyncio.to_thread(self._operator.status, "execution")

    async def until(self, condition: Any) -> None:
        """Let time pass until `condition` holds."""
        try:
            async with asyncio.timeout(UNTIL_S_MAX):
                while not condition():
                    assert self.process.poll() is None, "it has ended"
                    await asyncio.sleep(LOOK_S)
        except (TimeoutError, AssertionError) as error:
            error.add_note(self._errors.read_text()[-2_000:])
            raise

    async def ended(self) -> None:
        """Wait until it was killed."""
        assert await asyncio.to_thread(self.process.wait, UNTIL_S_MAX) == -signal.SIGKILL
        await self.stop()

    async def stop(self) -> None:
        """Kill it, if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._operator.close()
        self._risk.close()


class ProcessRig(Rig):
    """The venue in this process, the agent in another."""

    execution: ExecutionProcess

    def __init__(self, party: Party, over: str, folder: Path) -> None:
        """Keep configuration, log and sockets in `folder`."""
        super().__init__(party, over)
        self._folder = folder

    async def run_execution(self, log: Any = (), deadly: str = "") -> ExecutionProcess:
        """Start the process on the log that there is."""
        (self._folder / "config.json").write_bytes(msgspec.json.encode(self.config))
        execution = ExecutionProcess(self.config, self._folder, deadly)
        await execution.answers()
        return execution

    async def run_deadly(self, deadly: str) -> None:
        """Have another process take over, which dies of the first call of a kind."""
        await self.execution.stop()
        self.execution = await self.run_execution(deadly=deadly)
        await self.ready()

    async def kill_and_restart(self) -> None:
        """Kill the process where it is, and start it again."""
        await self.execution.stop()
        self.fault("clear")
        await self.restart()

    async def restart(self) -> None:
        """Start it again, and wait until it takes orders."""
        self.execution = await self.run_execution()
        await self.ready()

    def names_at_venue(self) -> dict[str, str]:
        """Return by which name the venue knows each order, by the log: what has the venue's id of another was that one."""
        named: dict[str, str] = {}
        first: dict[str, str] = {}
        for message in self.execution.messages():
            if isinstance(message, OrderInitialized):
                named[message.client_order_id] = message.client_order_id
            elif isinstance(message, OrderUpdated | OrderFilled) and message.venue_order_id:
                name = message.client_order_id
                named[name] = first.setdefault(message.venue_order_id, named[name])
        return named

    def order(self, decision: Approved) -> SubmitOrder:
        """Return risk's submission of a decision: of one id always the same."""
        return SubmitOrder(record_of(decision, seq=int(decision.client_order_id[1:]), sender=RISK_ID))

    def have(self, decision: Approved) -> None:
        """Have the agent take an order on; asked again, it says the same."""
        assert self.execution.ask(None, self.order(decision)) == Ack(True)

    def _config(self, port: int) -> Config:
        config = super()._config(port)
        execution = msgspec.structs.replace(config.agents["execution"], peer_timeout_ms=600_000, dead_man_ms=0)
        state, run_dir = self._folder / "state", self._folder / "run"
        mesh = MeshConfig(state_dir=str(state), run_dir=str(run_dir), log_segment_bytes=1 << 20)
        return msgspec.structs.replace(config, mesh=mesh, agents=config.agents | {"execution": execution})
