"""Group sync: what was appended becomes durable, and a failed sync is never tried again."""

import errno
import threading

from mesh.node.log_sync import LogSync


class Disk:
    """A log whose sync can be made to fail."""

    def __init__(self, fails: bool = False) -> None:
        self.position = 0
        self.syncs: list[int] = []
        self.prepared: list[int] = []
        self.synced = threading.Event()
        self._fails = fails

    def sync(self) -> None:
        self.syncs.append(self.position)
        self.synced.set()
        if self._fails:
            raise OSError(errno.EIO, "Input/output error")

    def prepare(self) -> None:
        self.prepared.append(self.position)


def test_appended_records_are_synced() -> None:
    disk, failures = Disk(), []
    sync = LogSync(disk, 1, failures.append)
    sync.start()
    disk.position = 100
    assert disk.synced.wait(5)
    sync.stop()
    assert disk.syncs == disk.prepared == [100]
    assert failures == []


def test_failed_sync_is_told_once_and_not_repeated() -> None:
    disk, failures = Disk(fails=True), []
    failed = threading.Event()

    def tell(error: OSError) -> None:
        failures.append(error.errno)
        failed.set()

    sync = LogSync(disk, 1, tell)
    sync.start()
    disk.position = 100
    assert failed.wait(5)
    disk.position = 200
    sync.stop()
    assert failures == [errno.EIO]
    assert disk.syncs == [100]
    assert disk.prepared == []


def test_period_zero_never_syncs() -> None:
    disk = Disk()
    disk.position = 100
    sync = LogSync(disk, 0, lambda _: None)
    sync.start()
    sync.stop()
    assert disk.syncs == []
