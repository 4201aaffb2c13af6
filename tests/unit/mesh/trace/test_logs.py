"""The logs of a state folder, read by stream and by cause."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.frame import pack
from core.log import LogWriter
from mesh.protocol.codec import encode, type_number
from mesh.trace.logs import Logs, OrderNotFoundError
from schemas.messages import Equity
from schemas.streams import Kind, stream_id

STREAM = stream_id(Kind.EQUITY)


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[Logs]:
    for agent, count in (("folio", 3), ("other", 1)):
        log = LogWriter(str(tmp_path / agent / "log"), segment_bytes=4096)
        for seq in range(1, count + 1):
            message = Equity(seq, 0, 0, 0, 0, 0, 0)
            number, data = type_number(message), encode(message)
            log.append(pack(stream=STREAM, type=number, sender=5, epoch=1, seq=seq, payload=data))
        log.close()
    (tmp_path / "notes").mkdir()
    found = Logs(tmp_path)
    yield found
    found.close()


def test_records_of_a_stream_come_oldest_first_after_a_position(logs: Logs) -> None:
    assert logs.agents == ["folio", "other"]
    assert logs.with_kind(Kind.EQUITY) == [("folio", STREAM), ("other", STREAM)]
    assert [record.place for record in logs.records("folio", STREAM, (1, 1))] == [(STREAM, 1, 2), (STREAM, 1, 3)]
    assert list(logs.records("folio", STREAM, text=b"not in any")) == []


def test_a_cause_is_found_where_it_was_published(logs: Logs) -> None:
    record = logs.at((STREAM, 1, 2), "risk")
    assert record is not None
    assert (record.agent, record.header.seq) == ("folio", 2)
    assert logs.at((STREAM, 1, 9), "risk") is None


def test_a_folder_without_logs_is_told(tmp_path: Path) -> None:
    with pytest.raises(OrderNotFoundError, match="no agent's log"):
        Logs(tmp_path / "none")
