"""A log that is opened behind a known record answers as one that was read whole."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from core.frame import pack, unpack
from core.log import LogWriter

SEGMENT = 4096
Places = dict[int, tuple[tuple[int, int], tuple[int, int]]]


@settings(max_examples=60, deadline=None)
@given(
    records=st.lists(st.tuples(st.integers(1, 4), st.integers(0, 300)), min_size=1, max_size=150),
    known_at=st.floats(0, 1),
    asked=st.lists(st.tuples(st.integers(1, 5), st.integers(0, 2), st.integers(0, 90)), max_size=12),
    more=st.integers(0, 40),
)
def test_what_is_known_need_not_be_read(
    records: list[tuple[int, int]], known_at: float, asked: list[tuple[int, int, int]], more: int
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = str(Path(name) / "log")
        log = LogWriter(folder, segment_bytes=SEGMENT)
        seqs: dict[int, int] = {}
        positions = []
        for number, (stream, size) in enumerate(records):
            seqs[stream] = seqs.get(stream, 0) + 1
            epoch = 1 + (number > len(records) // 2)
            frame = pack(stream=stream, type=1, sender=1, epoch=epoch, seq=seqs[stream], payload=bytes(size))
            positions.append(log.append(frame))
        last = min(int(known_at * len(records)), len(records) - 1)
        before: Places = {}
        for _, frame in list(log.scan())[: last + 1]:
            header = unpack(frame)
            where = (header.epoch, header.seq)
            before[header.stream] = (before.get(header.stream, (where, where))[0], where)
        log.close()
        log = LogWriter(folder, segment_bytes=SEGMENT, known=(positions[last], 0, before))
        for _ in range(more):
            seqs[1] = seqs.get(1, 0) + 1
            log.append(pack(stream=1, type=1, sender=1, epoch=3, seq=seqs[1], payload=bytes(100)))
        answers = [answer(log, each) for each in asked]
        streams = log.streams()
        log.close()
        whole = LogWriter(folder, segment_bytes=SEGMENT)
        assert streams == whole.streams()
        assert answers == [answer(whole, each) for each in asked]
        whole.close()


def answer(log: LogWriter, asked: tuple[int, int, int]) -> object:
    """Return all that the log has of a stream behind a place, and where the stream begins."""
    stream, epoch, seq = asked
    frames: list[bytes] = []
    while more := log.read(stream, epoch, seq, count_max=3, bytes_max=1000):
        frames += more
        header = unpack(more[-1])
        epoch, seq = header.epoch, header.seq
    return frames, log.first(stream), log.last(stream)
