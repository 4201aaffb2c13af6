"""Anchors of all agents of a host, made when enough has been logged since the last; and held against the full fold."""

import msgspec

from mesh.anchor import AnchorTooLargeError
from mesh.anchor_store import FOLDER, files, write
from mesh.endpoints import agent_dir
from mesh.history.anchoring import Folding, end_of
from mesh.roles import ANCHORED, role_of
from schemas.config import Config
from schemas.errors import TickmeshError


class AnchorOutcome(msgspec.Struct, frozen=True):
    """What came of one agent: `wrong` says why there is no anchor, or what is not equal; all empty if none was due.

    `missing` says why there is no new one though nothing is wrong: a start begins from the one before.
    """

    agent: str
    file: str = ""
    position: int = 0
    records: int = 0
    state_bytes: int = 0
    wrong: str = ""
    missing: str = ""


def make(name: str, config: Config, grown_bytes: int = 0) -> AnchorOutcome | None:
    """Make an anchor of an agent if its log has grown by so much since the last; None if its role keeps none.

    Raises:
        OSError: If the disk does not take it.
    """
    folder = agent_dir(config, name)
    if not (folder / "log").is_dir():
        return AnchorOutcome(name)
    last = max((int(path.stem) for path in files(folder / FOLDER)), default=0)
    if end_of(folder / "log") - last < grown_bytes:
        return AnchorOutcome(name, position=last)
    if role_of(name, config) not in ANCHORED:
        return None
    folding = Folding(name, config)
    try:
        anchor = folding.run()
    except AnchorTooLargeError as error:
        return AnchorOutcome(name, position=last, missing=str(error))
    except TickmeshError as error:
        return AnchorOutcome(name, wrong=str(error))
    file = write(folder / FOLDER, anchor)
    return AnchorOutcome(name, str(file), anchor.position, anchor.records, len(anchor.state))


def check(name: str, config: Config) -> AnchorOutcome | None:
    """Fold an agent's logs from the newest anchor and from their beginning, and compare what that comes to.

    Returns:
        None if its role keeps no anchors.
    """
    if role_of(name, config) not in ANCHORED:
        return None
    try:
        resumed = Folding(name, config).run()
        whole = Folding(name, config, from_anchor=False).run()
    except AnchorTooLargeError as error:
        return AnchorOutcome(name, missing=str(error))
    if (resumed.position, resumed.followed) != (whole.position, whole.followed):
        return AnchorOutcome(name, wrong="its log grew meanwhile; stop the agent, or check again")
    equal = (resumed.state, resumed.looked_back) == (whole.state, whole.looked_back)
    wrong = "" if equal else "the newest anchor and what followed are not what the log comes to"
    return AnchorOutcome(name, "", whole.position, whole.records, len(whole.state), wrong)
