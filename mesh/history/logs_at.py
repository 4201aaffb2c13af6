"""The logs of a run as they were at a moment, laid out below another folder so that agents can be started on them.

Agents of one host have one clock, and nothing is received before it was sent: a log that ends where what came after the
moment begins holds nothing that rests on what another log lacks. What was on its way at the moment is in no log of those
that had not received it, as after a crash of all at once.

Segments are linked to, but for that which is appended to. An anchor that knows nothing of later goes along.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path

from mesh.anchor_store import FOLDER as ANCHORS
from mesh.anchor_store import AnchorStore, write
from mesh.history.journal import NoLogError, segments_in
from mesh.history.logged_starts import lay_out_log
from mesh.history.places import place_at
from mesh.roles import ANCHORED, build_agent, role_of
from schemas.config import Config


class LogsAt:
    """Where each log of a run was at a moment."""

    def __init__(self, config: Config, state_dir: Path, names: Iterable[str], wall_ns: int) -> None:
        """Look for the moment in the logs of some agents below `state_dir`.

        Raises:
            NoLogError: If one of them left no log.
        """
        self._config = config
        self._state_dir = state_dir
        self._names = tuple(names)
        self._places: dict[str, int] = {}
        for name in config.agents:
            log = state_dir / name / "log"
            if name in self._names or any(log.glob("*.log")):
                self._places[name] = place_at(name, log, wall_ns)

    def lay_out(self, target: Path) -> None:
        """Lay the logs out below `target`, each with its epoch and its newest anchor of before.

        Raises:
            NoLogError: If retention has removed what an agent begins from.
        """
        for name in self._names:
            source, folder = self._state_dir / name, target / name
            lay_out_log(source / "log", folder / "log", self._places[name])
            shutil.copyfile(source / "epoch", folder / "epoch")
            anchored = self._anchor(name, folder)
            oldest = segments_in(source / "log")[0]
            if oldest and not anchored:
                raise NoLogError(f"{source / 'log'}: retention has removed what was before byte {oldest}")

    def _anchor(self, name: str, folder: Path) -> bool:
        if role_of(name, self._config) not in ANCHORED:
            return False
        version = build_agent(name, self._config).anchored
        found = AnchorStore(self._state_dir / name, name, version, self._config).newest(self._places)
        if found is None:
            return False
        write(folder / ANCHORS, found)
        return True
