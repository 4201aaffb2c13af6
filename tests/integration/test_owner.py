"""Nothing that is signed reaches a venue before it has told that the key is of the account that is configured.

Against the paper venue, whose account has the number 1.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.execution import look_at_key
from agents.venues.adapters import ADAPTERS
from agents.venues.http_ws import VenueShell
from agents.venues.owner_proof import OwnerProof, owner_of
from mesh.context import CallOutcome, VenueCall
from mesh.run.default_config import toml_text
from schemas.config import Config, ExecutionConfig, VenueConfig
from schemas.errors import ConfigError, ExitStatus
from tests.integration.live import ROOT
from tests.integration.paper_live import LivePaper, paper_venue
from tests.integration.venue_shell_kit import Received

OPEN_ORDERS = VenueCall("GET", "/api/v3/openOrders", {}, signed=True, timeout_ms=3_000)


@pytest.fixture
def paper(monkeypatch: pytest.MonkeyPatch) -> Iterator[LivePaper]:
    monkeypatch.setenv("TESTPAPER_KEY", "paper-key-of-the-test")
    monkeypatch.setenv("TESTPAPER_SECRET", "secret")
    with paper_venue() as live:
        yield live


def table(paper: LivePaper, account: str) -> VenueConfig:
    url = paper.server.url
    ws = url.replace("http", "ws")
    return VenueConfig(
        id=1,
        name="v",
        kind="binance_spot",
        rest_url=url,
        ws_url=ws,
        ws_api_url=f"{ws}/ws-api/v3",
        credentials="TESTPAPER",
        account=account,
    )


def test_the_right_account_is_proven_before_the_first_signed_call(paper: LivePaper) -> None:
    venue = table(paper, "1")
    reply, events = asyncio.run(_call(venue, owner_of(venue, ADAPTERS[venue.kind].identity)))
    assert (reply.outcome, reply.status, reply.body) == (CallOutcome.ANSWERED, 200, b"[]")
    assert events == []


def test_a_key_of_another_account_sends_nothing_and_ends_the_agent(paper: LivePaper) -> None:
    venue = table(paper, "2")
    reply, events = asyncio.run(_call(venue, owner_of(venue, ADAPTERS[venue.kind].identity)))
    assert reply.outcome is CallOutcome.NOT_SENT
    (error,) = events
    assert isinstance(error, ConfigError)
    assert str(error) == "venues.v.account: the key is of account 1 (found: '2')"


def test_doctor_sees_whose_key_it_is(paper: LivePaper) -> None:
    config = Config(venues=(table(paper, ""),), instruments=(), agents={"execution": ExecutionConfig(id=1, venue="v")})
    seen = look_at_key("execution", config)
    assert "apiRestrictions" in seen.trouble or seen.account == "1"


def test_the_agent_ends_with_the_status_of_a_wrong_configuration(paper: LivePaper, tmp_path: Path) -> None:
    from mesh.run.default_config import default_tree

    tree = default_tree(tmp_path / "state", paper.server.port)
    tree["venues"][0] |= {"account": "2", "credentials": "TESTPAPER"}
    file = tmp_path / "mesh.toml"
    file.write_text(toml_text(tree))
    line = [sys.executable, "-m", "mesh", "agent", "execution", "-c", str(file)]
    process = subprocess.Popen(line, cwd=ROOT, env=dict(os.environ), stderr=subprocess.PIPE, text=True)
    try:
        _, told = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        raise
    assert process.returncode == ExitStatus.CONFIG
    assert "the key is of account 1 (found: '2')" in told


async def _call(venue: VenueConfig, owner: OwnerProof | None):
    from agents.venues.credentials import load_credentials

    errors: list[BaseException] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context["exception"]))
    shell = VenueShell(venue.name, ADAPTERS[venue.kind].signer(venue, load_credentials(venue)), owner=owner)
    received = Received()
    await shell.start(received)
    try:
        shell.call(1, OPEN_ORDERS)
        return await received.reply(1), errors
    finally:
        await shell.stop()
