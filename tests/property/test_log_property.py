"""The log against a list of frames: whatever is appended, closed, torn and retained, the rest comes back."""

import os
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from core import frame
from core.crc32c import crc32c
from core.log import LogReader, LogWriter
from schemas.errors import LogDamagedError

SEGMENT = 4096
STREAMS = (1, 0x0102_0003, 0xFFFF_FFFF)


class NaiveLog:
    """What the log does, written for reading; frames are kept as (stream, epoch, seq, bytes)."""

    def __init__(self) -> None:
        self.records: list[tuple[int, int, int, bytes]] = []
        self.at: dict[int, tuple[int, int]] = {}

    def next(self, stream: int, epoch_step: int, seq_step: int, size: int) -> bytes:
        epoch, seq = self.at.get(stream, (1, 0))
        epoch, seq = (epoch + 1, seq_step) if epoch_step else (epoch, seq + seq_step)
        payload = bytes((seq + i) & 0xFF for i in range(size))
        data = frame.pack(stream=stream, type=1, sender=1, epoch=epoch, seq=seq, payload=payload)
        self.records.append((stream, epoch, seq, data))
        self.at[stream] = (epoch, seq)
        return data

    def read(self, stream: int, epoch: int, seq: int, count_max: int, bytes_max: int) -> list[bytes]:
        found: list[bytes] = []
        for s, e, n, data in self.records:
            if s == stream and (e, n) > (epoch, seq) and len(found) < count_max:
                if found and sum(map(len, found)) + len(data) > bytes_max:
                    break
                found.append(data)
        return found


APPENDS = st.tuples(
    st.just("append"),
    st.sampled_from(STREAMS),
    st.integers(0, 9).map(lambda draw: draw == 0),
    st.integers(1, 3),
    st.one_of(st.integers(0, 300), st.integers(1000, 3900)),
    st.integers(1, 90),
)
READS = st.tuples(
    st.just("read"),
    st.sampled_from((*STREAMS, 5)),
    st.integers(0, 4),
    st.integers(0, 300),
    st.integers(1, 300),
    st.integers(0, 20000),
)
OPERATIONS = st.one_of(
    APPENDS, READS, st.just(("reopen",)), st.just(("poll",)), st.just(("sync",)), st.just(("prepare",))
)


@settings(max_examples=60, deadline=None)
@given(st.lists(OPERATIONS, max_size=30))
def test_log_equals_a_list(operations: list[tuple]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        naive, polled = NaiveLog(), []
        log, reader = LogWriter(folder, segment_bytes=SEGMENT), LogReader(folder)
        for name, *arguments in operations:
            if name == "append":
                *which, repeat = arguments
                for _ in range(repeat):
                    log.append(naive.next(*which))
            elif name == "read":
                stream, epoch, seq, count_max, bytes_max = arguments
                expected = naive.read(stream, epoch, seq, count_max, bytes_max)
                assert log.read(stream, epoch, seq, count_max=count_max, bytes_max=bytes_max) == expected
                assert reader.read(stream, epoch, seq, count_max=count_max, bytes_max=bytes_max) == expected
            elif name == "reopen":
                log.close()
                log = LogWriter(folder, segment_bytes=SEGMENT)
                assert log.torn_bytes == 0
            elif name == "sync":
                log.sync()
            elif name == "prepare":
                log.prepare()
            else:
                polled += reader.poll()
        everything = [data for *_, data in naive.records]
        assert [data for _, data in log.scan()] == everything
        assert polled + reader.poll(1 << 30) == everything
        assert log.streams() == reader.streams() == naive.at
        log.close()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 400), min_size=1, max_size=60), st.integers(1, 5), st.integers(0, 1 << 16))
def test_retention_keeps_a_suffix_that_every_call_agrees_on(sizes: list[int], held: int, position: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        naive = NaiveLog()
        log = LogWriter(folder, segment_bytes=SEGMENT, retention_bytes=held * SEGMENT)
        for index, size in enumerate(sizes):
            log.append(naive.next(STREAMS[index % 7 % 3], False, 1, size))
        kept = [data for _, data in log.scan()]
        assert kept
        assert kept == [data for *_, data in naive.records][-len(kept) :]
        assert len(os.listdir(folder)) <= held
        naive.records = naive.records[-len(kept) :]
        for stream in STREAMS:
            expected = [(epoch, seq) for s, epoch, seq, _ in naive.records if s == stream]
            assert log.first(stream) == (expected[0] if expected else (0, 0))
            for epoch, seq in [(0, 0), *expected]:
                assert log.read(stream, epoch, seq, count_max=99, bytes_max=1 << 30) == naive.read(
                    stream, epoch, seq, 99, 1 << 30
                )
        whole = list(log.scan())
        assert list(log.scan(position)) == [each for each in whole if each[0] >= position]
        log.close()


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 90),
    st.integers(0, (1 << 31) - 1),
    st.lists(st.tuples(st.integers(0, (1 << 31) - 1), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_hostile_bytes_lose_nothing_silently_but_a_tail(count: int, which: int, edits: list[tuple[int, int]]) -> None:
    """Bytes are overwritten in one segment: the log is refused, or what it returns is a prefix of what was appended."""
    with tempfile.TemporaryDirectory() as folder:
        naive = NaiveLog()
        log = LogWriter(folder, segment_bytes=SEGMENT)
        for _ in range(count):
            log.append(naive.next(1, False, 1, 100))
        log.close()
        names = sorted(os.listdir(folder))
        file = Path(folder, names[which % len(names)])
        content = bytearray(file.read_bytes())
        for offset, byte in edits:
            content[offset % 40 if offset % 11 == 0 else offset % SEGMENT] = byte
        file.write_bytes(content)
        everything = [data for *_, data in naive.records]
        try:
            log = LogWriter(folder, segment_bytes=SEGMENT)
        except LogDamagedError:
            return
        found = [data for _, data in log.scan()]
        assert found == everything[: len(found)]
        assert log.last(1) == (1 if found else 0, len(found))
        log.append(frame.pack(stream=1, type=1, sender=1, epoch=2, seq=1))
        log.close()


def crc32c_by_bits(data: bytes, value: int = 0) -> int:
    """CRC32C one bit at a time, straight from the polynomial."""
    crc = value ^ 0xFFFF_FFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F6_3B78 if crc & 1 else 0)
    return crc ^ 0xFFFF_FFFF


@given(st.binary(max_size=300), st.integers(0, 0xFFFF_FFFF))
def test_crc32c_equals_the_one_by_bits(data: bytes, value: int) -> None:
    assert crc32c(data, value) == crc32c_by_bits(data, value)
