"""Anchors on disk: written whole, read only where they fit, and passed over with a reason."""

from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from core.crc32c import crc32c
from core.log import LogWriter
from mesh.anchor import FORMAT, Anchor
from mesh.anchor_store import AnchorStore, decode, files, known, told, world_of, write
from mesh.config import parse
from mesh.run.default_config import default_tree
from schemas.config import Config
from tests.unit.core.log.damaged_log import make


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return parse(default_tree(tmp_path, 8090))


@pytest.fixture
def anchor(tmp_path: Path, config: Config) -> Anchor:
    """Return an anchor behind the second record of a log of three."""
    log = LogWriter(str(tmp_path / "risk/log"), segment_bytes=4096)
    positions = [log.append(make(seq)) for seq in (1, 2, 3)]
    log.close()
    return Anchor(
        format=FORMAT,
        agent="risk",
        version=3,
        world=world_of(config),
        position=positions[2],
        last_position=positions[1],
        last_crc=crc32c(make(2)),
        epoch=1,
        records=2,
        last=[],
        passed_over={},
        oldest=0,
        streams={7: ((1, 1), (1, 2))},
        followed=[],
        state=b"state",
    )


def store(tmp_path: Path, config: Config, version: int = 3) -> AnchorStore:
    return AnchorStore(tmp_path / "risk", "risk", version, config)


def test_the_newest_that_fits_is_taken(tmp_path: Path, config: Config, anchor: Anchor) -> None:
    folder = tmp_path / "risk/anchors"
    write(folder, anchor)
    write(folder, msgspec.structs.replace(anchor, position=anchor.position + 8, state=b"newer"))
    found = store(tmp_path, config).newest()
    assert found is not None
    assert found.state == b"newer"
    assert store(tmp_path, config).newest({"risk": anchor.position}) == anchor
    assert known(anchor) == (anchor.last_position, 0, {7: ((1, 1), (1, 2))})


def test_damage_at_any_byte_is_noticed_and_the_one_before_is_taken(
    tmp_path: Path, config: Config, anchor: Anchor
) -> None:
    folder = tmp_path / "risk/anchors"
    write(folder, anchor)
    path = write(folder, msgspec.structs.replace(anchor, position=anchor.position + 8))
    whole = path.read_bytes()
    for place in range(len(whole)):
        assert isinstance(decode(whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :]), str)
        assert isinstance(decode(whole[:place]), str)
    path.write_bytes(whole[:-1])
    found = store(tmp_path, config)
    assert found.newest() == anchor
    assert "damaged" in told(found.refused)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"agent": "execution"}, "an anchor of execution"),
        ({"version": 2}, "of version 2"),
        ({"world": 0}, "configured otherwise"),
        ({"last_crc": 1}, "the log is another one"),
        ({"last_position": 64}, "the log is another one"),
        ({"format": FORMAT + 1}, "of format"),
    ],
)
def test_what_does_not_fit_is_passed_over_with_a_reason(
    tmp_path: Path, config: Config, anchor: Anchor, changes: dict[str, int], why: str
) -> None:
    write(tmp_path / "risk/anchors", msgspec.structs.replace(anchor, **changes))
    found = store(tmp_path, config)
    assert found.newest() is None
    assert why in told(found.refused)


def test_a_role_without_state_and_an_agent_without_a_log_have_none(
    tmp_path: Path, config: Config, anchor: Anchor
) -> None:
    write(tmp_path / "risk/anchors", anchor)
    assert store(tmp_path, config, version=0).newest() is None
    (tmp_path / "risk/log/00000000000000000000.log").unlink()
    assert store(tmp_path, config).newest() is None


def test_one_before_all_records_is_of_any_log(tmp_path: Path, config: Config, anchor: Anchor) -> None:
    first = msgspec.structs.replace(anchor, position=0, last_position=0, last_crc=0, records=0, streams={})
    write(tmp_path / "risk/anchors", first)
    assert store(tmp_path, config).newest() == first
    assert known(first) is None


def test_what_is_kept_covers_the_log_evenly(tmp_path: Path, anchor: Anchor) -> None:
    for number in range(1, 201):
        write(tmp_path, msgspec.structs.replace(anchor, position=100 * number), kept=8)
    places = [int(path.stem) for path in files(tmp_path)]
    assert len(places) == 8
    assert places[-1] == 20_000, "never the newest"
    assert max(after - before for before, after in pairwise([0, *places])) <= 2 * 20_000 / 8
