"""The way between agents of one host, with real processes: what is asked, what is followed, and who dies meanwhile."""

import os
import signal
import socket
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.frame import pack
from mesh.doctor.findings import Host
from mesh.endpoints import endpoints
from mesh.transport.tap import TapClient
from mesh.transport.unix_connection import QUEUED_BYTES, UnixConnection
from mesh.transport.unix_wire import Doorbells, Flag, UnixWire, flag_fd, hush
from mesh.transport.zmq_wire import BACK_PRESSURED, NOT_CONNECTED, OK
from schemas.config import LimitsConfig, RiskConfig
from schemas.streams import Kind, StreamState, stream_id
from tests.integration.live import DEADLINE_S, Operator, end, make_config, node, roles, until

FRAME = pack(stream=stream_id(Kind.TRADE, 1, 1), type=1, sender=1, epoch=1, seq=1)
SENT_MAX = 1_000_000


def pair() -> tuple[socket.socket, socket.socket]:
    """Return the two ends of a connection."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for each in ends:
        each.setblocking(False)
    return ends


def test_peer_that_does_not_read_is_back_pressure_and_one_that_is_gone_is_told() -> None:
    ours, theirs = pair()
    wire = UnixWire(ours.fileno())
    sent = 0
    while (code := wire.send(FRAME)) == OK:
        sent += 1
        assert sent < SENT_MAX
    assert code == BACK_PRESSURED
    assert [theirs.recv(1000) for _ in range(sent)] == [FRAME] * sent
    assert wire.send(FRAME) == OK
    theirs.close()
    assert wire.send(FRAME) == NOT_CONNECTED
    assert (wire.sent, wire.back_pressured, wire.not_connected) == (sent + 1, 1, 1)
    wire.close()
    assert wire.send(FRAME) == NOT_CONNECTED
    ours.close()


def test_connection_has_room_for_what_comes_before_its_peer_has_the_cpu() -> None:
    if int(Host().text("/proc/sys/net/core/wmem_max") or 0) < QUEUED_BYTES:
        pytest.skip("the host allows less (net.core.wmem_max); `tickmesh doctor` tells")
    ours, theirs = pair()
    wire = UnixConnection(ours, "risk").wire
    assert [wire.send(FRAME) for _ in range(5000)] == [OK] * 5000
    assert [theirs.recv(1000) for _ in range(5000)] == [FRAME] * 5000
    ours.close()
    theirs.close()


def test_frame_larger_than_a_message_is_an_error_that_names_its_size() -> None:
    ours, theirs = pair()
    with pytest.raises(OSError, match="a frame of 262145 bytes; allowed between agents of one host: 262144"):
        UnixWire(ours.fileno()).send(bytes((256 << 10) + 1))
    ours.close()
    theirs.close()


def test_bell_that_is_rung_often_wakes_once_and_only_for_what_is_followed() -> None:
    bell = os.eventfd(0, os.EFD_NONBLOCK)
    fd = flag_fd()
    flag, bells = Flag(fd), Doorbells()
    bells.add(bell, Flag(fd), bytes([Kind.TRADE, Kind.QUOTE]))
    for _ in range(3):
        bells.note(FRAME)
        bells.ring()
    hush(bell)
    with pytest.raises(BlockingIOError):
        os.eventfd_read(bell)
    hush(bell)
    bells.note(FRAME)
    bells.ring()
    with pytest.raises(BlockingIOError):
        # It has not looked since.
        os.eventfd_read(bell)
    assert flag.is_set()
    flag.clear()
    assert not flag.is_set()
    bells.note(pack(stream=stream_id(Kind.ORDER, 1, 1), type=1, sender=1, epoch=1, seq=1))
    bells.ring()
    assert not flag.is_set(), "of what is not followed"
    with pytest.raises(BlockingIOError):
        os.eventfd_read(bell)
    bells.note(FRAME)
    bells.remove(bell)
    bells.ring()
    with pytest.raises(BlockingIOError):
        os.eventfd_read(bell)
    bells.add(bell, Flag(fd), bytes([Kind.TRADE]))
    bells.ring()
    assert os.eventfd_read(bell) == 1
    os.close(bell)
    os.close(fd)


def test_bell_of_who_wants_the_newest_alone_is_rung_when_much_has_come() -> None:
    bell = os.eventfd(0, os.EFD_NONBLOCK)
    fd = flag_fd()
    flag, bells = Flag(fd), Doorbells()
    bells.add(bell, Flag(fd), bytes([Kind.ORDER]), bytes([Kind.TRADE]))
    bells.ring()
    assert os.eventfd_read(bell) == 1, "it is rung when it comes, for what was there before"
    flag.clear()
    order = pack(stream=stream_id(Kind.ORDER, 1, 1), type=1, sender=1, epoch=1, seq=1)
    for noted, rung in (([FRAME] * 63, False), ([FRAME], True), ([FRAME] * 63 + [order], True), ([FRAME] * 63, False)):
        for frame in noted:
            bells.note(frame)
            bells.ring()
        if rung:
            assert os.eventfd_read(bell) == 1
            flag.clear()
        else:
            with pytest.raises(BlockingIOError):
                os.eventfd_read(bell)
    os.close(bell)
    os.close(fd)


def test_flag_whose_memory_may_go_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(4))
    with (tmp_path / "file").open("rb+") as file, pytest.raises(OSError, match="Invalid argument"):
        Flag(file.fileno())
    fd = os.memfd_create("bell", os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, 4)
    with pytest.raises(OSError, match="a flag has no memory that stays"):
        Flag(fd)
    os.close(fd)
    fd = flag_fd()
    with pytest.raises(PermissionError):
        os.ftruncate(fd, 0)
    os.close(fd)


def asking(tmp_path: Path, total: int = 100, market_data: tuple[str, ...] = (), **mesh: Any) -> Any:
    """Return a mesh of a publisher and an agent that asks it every 10 ms, and may follow it for the newest."""
    asker = RiskConfig(id=5, market_data=market_data, execution=("md",), portfolio="pf", limits=LimitsConfig())
    return make_config(tmp_path, roles(total) | {"rk": asker}, **mesh)


def test_asker_goes_on_with_the_next_life_of_the_one_it_asks(tmp_path: Path) -> None:
    config = asking(tmp_path)
    with node(tmp_path, "rk"), Operator(config) as operator:
        with node(tmp_path, "md") as md:
            until(lambda: operator.status("rk").figures.values["acked"] > 10)
            md.kill()
            end(md)
        before = operator.status("rk").figures.values["acked"]
        until(lambda: operator.status("rk").counters.get("not_connected", 0) > 0)
        with node(tmp_path, "md"):
            until(lambda: operator.status("rk").figures.values["acked"] > before + 200)


def test_follower_misses_nothing_of_a_publisher_that_is_killed_again_and_again(tmp_path: Path) -> None:
    config = make_config(tmp_path, roles(total=20_000))
    with node(tmp_path, "ar"), Operator(config) as operator:
        for reached in (2_000, 6_000, 12_000, 20_000):
            with node(tmp_path, "md") as md:
                until(lambda reached=reached: operator.status("ar").figures.values["count"] >= reached)
                md.kill()
                end(md)
        status = operator.status("ar")
    assert status.figures.values == {"count": 20_000, "misplaced": 0}
    [link] = status.links
    assert (link.lost, link.seq) == (0, 20_000)


def test_follower_that_is_killed_begins_again_where_it_was(tmp_path: Path) -> None:
    config = make_config(tmp_path, roles(total=20_000))
    with node(tmp_path, "md"), Operator(config) as operator:
        for number in (signal.SIGKILL, signal.SIGTERM):
            with node(tmp_path, "ar") as ar:
                until(lambda: operator.status("ar").figures.values["count"] > 100)
                ar.send_signal(number)
                end(ar)
        with node(tmp_path, "ar"):
            until(lambda: operator.status("ar").figures.values == {"count": 20_000, "misplaced": 0})
            assert operator.status("ar").links[0].state == StreamState.LIVE


def test_who_wants_the_newest_alone_has_it_whenever_anything_reaches_it(tmp_path: Path) -> None:
    config = asking(tmp_path, 20_000, ("md",))
    with node(tmp_path, "rk"), node(tmp_path, "md"), Operator(config) as operator:
        until(lambda: operator.status("md").figures.values["published"] == 20_000)
        until(lambda: operator.status("rk").figures.values["newest"] == 20_000)
        until(lambda: operator.status("rk").figures.values["acked"] > 100)
        figures = operator.status("rk").figures.values
        [link] = operator.status("rk").links
    assert figures["behind"] == 0
    # Each bell is a turn, which looks at its beginning and again; so does the turn of each timer, answer and BEAT.
    assert figures["taken"] < 2 * (20_000 // 64 + 2 * figures["answers"]), "not woken for each burst of ten"
    assert (link.seq, link.lost) == (20_000, 0)


def test_stranger_at_the_socket_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    config = make_config(tmp_path, roles(total=5_000))
    path = endpoints(config, "md").local
    with node(tmp_path, "md"), node(tmp_path, "ar"), Operator(config) as operator:
        until(lambda: operator.status("ar").figures.values["count"] > 0)
        assert os.stat(path).st_mode & 0o007 == 0 or os.stat(Path(path).parent).st_mode & 0o007 == 0
        silent = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        silent.connect(path)
        for said in (b"?", b"F", b"Fnobody", bytes(1000)):
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as stranger:
                stranger.settimeout(DEADLINE_S)
                stranger.connect(path)
                stranger.send(said)
                assert stranger.recv(100) == b""
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as stranger:
            stranger.connect(path)
            stranger.send(b"Rnobody\0")
            for said in (b"x", bytes(5_000), FRAME):
                stranger.send(said)
            until(lambda: operator.status("md").counters.get("requests_refused", 0) == 3)
        until(lambda: operator.status("ar").figures.values == {"count": 5_000, "misplaced": 0})
        assert operator.status("md").counters["greetings_refused"] == 4
        silent.close()


def test_stopped_server_delays_nobody_who_asks_it(tmp_path: Path) -> None:
    config = asking(tmp_path)
    with node(tmp_path, "rk"), node(tmp_path, "md") as md, Operator(config) as operator:
        until(lambda: operator.status("rk").figures.values["answers"] > 10)
        md.send_signal(signal.SIGSTOP)
        asked = operator.status("rk").figures.values["answers"]
        until(lambda: operator.status("rk").figures.values["answers"] > asked + 100)
        md.send_signal(signal.SIGCONT)
        begun = operator.status("rk").figures.values["answers"]
        until(lambda: operator.status("rk").figures.values["answers"] > begun + 50)


def test_what_comes_through_memory_is_seen_at_the_tap(tmp_path: Path) -> None:
    config = asking(tmp_path)
    with node(tmp_path, "md"), node(tmp_path, "rk"), node(tmp_path, "ar"), Operator(config) as operator:
        until(lambda: operator.status("rk").figures.values["acked"] > 0)
        for name, expected in (("md", {("I", "rk"), ("O", "rk"), ("O", "")}), ("rk", {("O", "md"), ("I", "md")})):
            client = TapClient(endpoints(config, name).tap)
            seen: set[tuple[str, str]] = set()
            end_s = time.monotonic() + DEADLINE_S
            while not expected <= seen and time.monotonic() < end_s:
                seen |= {(record.direction, record.peer) for record in client.read(0.2)}
            client.close()
            assert expected <= seen, name


def test_configuration_chooses_the_way(tmp_path: Path) -> None:
    config = make_config(tmp_path, roles(total=100), same_host="zmq")
    assert endpoints(config, "md").local == ""
    agents = roles()
    agents["md"] = msgspec.structs.replace(agents["md"], tcp="127.0.0.1:7001")
    assert endpoints(make_config(tmp_path, agents), "md").local == ""
    assert endpoints(make_config(tmp_path, agents), "ar").local.endswith("/run/ar.mem")
