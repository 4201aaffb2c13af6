"""Lines of packed files: the same as without packing, and as far as a damaged file is whole."""

import gzip
import zipfile
from pathlib import Path

import pytest

from agents.importer import lines
from agents.importer.faults import Faults
from agents.importer.lines import head, line_blocks, name_within
from schemas.errors import CaptureError, DamagedFileError

TEXT = b"".join(b"%d,some text\n" % number for number in range(20_000))


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "BLOCK_BYTES", 5_000)
    monkeypatch.setattr(lines, "_READ_BYTES", 997)


def read(path: Path, faults: Faults | None = None) -> list[tuple[int, bytes]]:
    faults = faults or Faults(str(path), strict=False)
    return [(b.first + i, line) for b in line_blocks(path, faults) for i, line in enumerate(b.lines)]


def packed(folder: Path, how: str) -> Path:
    path = folder / f"file.{how}"
    if how == "gz":
        half = len(TEXT) // 2
        path.write_bytes(gzip.compress(TEXT[:half]) + gzip.compress(TEXT[half:]))
    elif how == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("inside.csv", TEXT)
    else:
        path.write_bytes(TEXT)
    return path


@pytest.mark.parametrize("how", ["gz", "zip", "csv"])
def test_lines_are_those_of_the_text_whatever_it_is_packed_in(tmp_path: Path, how: str) -> None:
    path = packed(tmp_path, how)
    assert read(path) == list(enumerate(TEXT.splitlines(), 1))
    assert head(path, 12) == TEXT[:12]
    assert name_within(path) == ("inside.csv" if how == "zip" else path.name)
    assert [b.read_bytes for b in line_blocks(path, Faults("", strict=True))][-1] <= path.stat().st_size


@pytest.mark.parametrize("how", ["gz", "zip"])
def test_a_file_that_ends_early_has_its_whole_lines_and_is_named(tmp_path: Path, how: str) -> None:
    path = packed(tmp_path, how)
    data = path.read_bytes()
    if how == "gz":
        path.write_bytes(data[: len(data) // 3])
    else:
        half = len(data) // 2
        path.write_bytes(data[:half] + bytes(1_000) + data[half + 1_000 :])
    faults = Faults(str(path), strict=False)
    found = read(path, faults)
    assert 0 < len(found) < 20_000
    # What follows damage may be anything until the end, where a sum of all shows it.
    whole = len(found) if how == "gz" else 9_000
    assert found[:whole] == list(enumerate(TEXT.splitlines(), 1))[:whole]
    assert faults.count == 1
    assert how in faults.named[0].lower()
    with pytest.raises(DamagedFileError, match=str(path)):
        read(path, Faults(str(path), strict=True))


def test_a_last_line_without_its_end_is_a_line(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(b"one\ntwo")
    assert read(path) == [(1, b"one"), (2, b"two")]


def test_what_is_missing_or_holds_several_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="nothing"):
        read(tmp_path / "nothing")
    path = tmp_path / "two.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a.csv", "1")
        file.writestr("b.csv", "2")
    with pytest.raises(CaptureError, match="holds 2 files"):
        read(path)
