"""What is known of a live run at a moment: the account of its paper venue, and its clocks."""

from pathlib import Path

import pytest

from agents.backtest.fork.live_state import account_lives, wall_of_zero_ns
from agents.backtest.fork.original import NoRunError
from core.log import LogWriter
from mesh.config import parse
from mesh.protocol.codec import Packer
from mesh.run.default_config import default_tree
from schemas.config import Config
from schemas.messages import FeedState, Message, PaperOpened, PaperTransfer, Trade
from schemas.streams import Kind, StreamState, stream_id

ACCOUNT, TRADES = stream_id(Kind.ACCOUNT, 1), stream_id(Kind.TRADE, 1, 1)
OPENED = PaperOpened({"USDT": 5})
PAID = [PaperTransfer("USDT", "1", at_ns) for at_ns in (10, 20, 30)]


def log(folder: Path, stream: int, told: list[tuple[int, int, Message]]) -> None:
    """Write messages of (epoch, received, message) to a log."""
    writer, packer = LogWriter(str(folder / "log")), Packer(1)
    for seq, (epoch, received_ns, message) in enumerate(told, 1):
        writer.append(packer.pack(message, stream, epoch, seq, received_ns, received_ns, received_ns, 0))
    writer.close()


def config() -> Config:
    return parse(default_tree(Path(), 1))


def test_the_account_is_what_had_happened_by_the_moment(tmp_path):
    log(tmp_path / "paper", ACCOUNT, [(1, 0, OPENED), (1, 0, PAID[0]), (2, 0, PAID[1]), (3, 0, PAID[2])])
    assert account_lives(config(), tmp_path, 20) == {"paper": (2, [OPENED, *PAID[:2]])}
    assert account_lives(config(), tmp_path, 19) == {"paper": (1, [OPENED, PAID[0]])}


def test_an_account_that_no_paper_venue_tells_of_is_refused(tmp_path):
    with pytest.raises(NoRunError, match="no paper venue left a log of the account at paper"):
        account_lives(config(), tmp_path, 20)
    tree = default_tree(Path(), 1)
    del tree["agents"]["paper"]
    log(tmp_path / "paper", ACCOUNT, [(1, 0, OPENED)])
    with pytest.raises(NoRunError, match=r"agents\.execution"):
        account_lives(parse(tree), tmp_path, 20)


def test_the_clocks_are_told_by_the_market(tmp_path):
    with pytest.raises(NoRunError, match="tells when it was received"):
        wall_of_zero_ns(config(), tmp_path)
    log(tmp_path / "md", TRADES, [(1, 4, FeedState(900, StreamState.LIVE)), (1, 7, Trade(1_000, 1_007, 1, 1, 1, "1"))])
    assert wall_of_zero_ns(config(), tmp_path) == 1_000
