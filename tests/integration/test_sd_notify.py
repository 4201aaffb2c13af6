"""sd_notify: the datagrams that a service manager expects, and no harm without one."""

import socket
from pathlib import Path

import pytest

from mesh.node.sd_notify import Notifier


@pytest.mark.parametrize("abstract", [False, True])
def test_states_are_the_datagrams_of_sd_notify(tmp_path: Path, abstract: bool) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("" if abstract else str(tmp_path / "notify"))
        manager.settimeout(5)
        address = manager.getsockname()
        notifier = Notifier("@" + address[1:].decode() if abstract else address)
        notifier.ready()
        notifier.alive()
        notifier.stopping()
        assert [manager.recv(100) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"STOPPING=1"]
        notifier.close()


def test_address_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        notifier = Notifier()
        notifier.ready()
        assert manager.recv(100) == b"READY=1"
        notifier.close()


def test_manager_that_is_gone_or_full_never_blocks(tmp_path: Path) -> None:
    gone = Notifier(str(tmp_path / "nobody"))
    gone.alive()
    assert gone.undelivered == 1
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        full = Notifier(str(tmp_path / "notify"))
        for _ in range(10_000):
            full.alive()
        assert 0 < full.undelivered < 10_000
        full.close()
    gone.close()


def test_without_a_manager_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notifier = Notifier()
    notifier.ready()
    notifier.close()
    assert notifier.undelivered == 0
