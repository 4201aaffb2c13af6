"""The start counter: it rises with every claim and never starts again unnoticed."""

from pathlib import Path

import pytest

from core.log import claim_epoch
from schemas.errors import LogDamagedError


def test_epoch_begins_with_one_and_rises_by_one(tmp_path: Path) -> None:
    path = str(tmp_path / "folder" / "epoch")
    assert [claim_epoch(path) for _ in range(12)] == list(range(1, 13))


def test_counters_are_separate(tmp_path: Path) -> None:
    assert claim_epoch(str(tmp_path / "a")) == claim_epoch(str(tmp_path / "b")) == 1


def test_damage_to_any_byte_is_refused_and_left_as_found(tmp_path: Path) -> None:
    file = tmp_path / "epoch"
    for _ in range(10):
        claim_epoch(str(file))
    intact = file.read_bytes()
    for offset in range(len(intact)):
        for bit in range(8):
            damaged = bytearray(intact)
            damaged[offset] ^= 1 << bit
            file.write_bytes(damaged)
            with pytest.raises(LogDamagedError, match="epoch: damaged at byte 0"):
                claim_epoch(str(file))
            assert file.read_bytes() == damaged


@pytest.mark.parametrize("size", range(11))
def test_short_file_is_refused(tmp_path: Path, size: int) -> None:
    file = tmp_path / "epoch"
    claim_epoch(str(file))
    file.write_bytes(file.read_bytes()[:size])
    with pytest.raises(LogDamagedError):
        claim_epoch(str(file))


def test_claim_that_died_before_the_exchange_leaves_the_counter_alone(tmp_path: Path) -> None:
    file = tmp_path / "epoch"
    claim_epoch(str(file))
    (tmp_path / "epoch.tmp").write_bytes(b"2 incomp")
    assert claim_epoch(str(file)) == 2


def test_unwritable_folder_is_an_os_error_and_hands_out_nothing(tmp_path: Path) -> None:
    file = tmp_path / "epoch"
    claim_epoch(str(file))
    (tmp_path / "epoch.tmp").mkdir()
    with pytest.raises(IsADirectoryError):
        claim_epoch(str(file))
    (tmp_path / "epoch.tmp").rmdir()
    assert claim_epoch(str(file)) == 2
