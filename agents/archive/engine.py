"""The ClickHouse engine embedded in this process: where it lies, and what it is told.

As it comes it is set up for queries of a few seconds. The archive inserts for months, a dozen small parts each flush:

- What merges have replaced is taken away within seconds. Left to itself a table waits up to five minutes, and each part
  that waits holds some 15 KB; for the rest of that work the engine starts 128 threads, which keep theirs for good.
- A part below 64 MB is one file, which waits for the disk once; file by file it does two dozen times, and that is the most
  of a small insert.
- What a merge makes is on disk before the parts that it replaces go: the engine drops these at once, where a server keeps
  them for the eight minutes that the kernel may take. Otherwise a power cut could lose rows that a watermark stands for.
- Memory that is not in use goes back to the kernel after a second instead of five.
"""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import clickhouse_connect

OPTIONS: dict[str, int | str] = {
    "merge_tree": 1,  # any value: without this key the engine does not look for those below it
    "merge_tree.cleanup_delay_period": 3,
    "merge_tree.cleanup_delay_period_random_add": 2,
    "merge_tree.max_cleanup_delay_period": 10,
    "merge_tree.concurrent_part_removal_threshold": 1_000_000,
    "merge_tree.min_bytes_for_full_part_storage": 64 << 20,
    "merge_tree.min_compressed_bytes_to_fsync_after_merge": 1,
    "backups": 1,  # as above
    "backups.allowed_path": "/",
}
"""What holds for every table that does not say otherwise itself, old ones too; a backup may go wherever the process may."""

_ALLOCATOR = "JE_MALLOC_CONF", "dirty_decay_ms:1000"


def connect_embedded(folder: Path) -> Any:
    """Return a clickhouse-connect client of the engine whose data lies in `folder`/clickhouse.

    The folder has one process at a time. Temporary files of this process lie in `folder`/tmp from here on.
    """
    data = folder / "clickhouse"
    data.mkdir(parents=True, exist_ok=True)
    _own_temporary_files(folder / "tmp")
    os.environ.setdefault(*_ALLOCATOR)  # read as the engine is loaded, by its allocator alone
    return clickhouse_connect.get_client(interface="chdb", path=str(data), chdb_options=OPTIONS)


def _own_temporary_files(folder: Path) -> None:
    """Put this process's temporary files into `folder`, which is emptied.

    The embedded engine is handed each block in a temporary file; one that a killed process left must not stay in /tmp.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    tempfile.tempdir = str(folder)
