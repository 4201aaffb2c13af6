"""A process to supervise that does as it is told: `python supervised.py NAME FOLDER`.

It tells READY, counts its starts in FOLDER/NAME.starts, and looks in FOLDER/NAME.does for what to do: `run`, `exit N`,
`exit N once`, `hang` (ready, but its loop stands still), `deaf` (does not end on SIGTERM) or `mute` (is never ready).
"""

import signal
import sys
import time
from pathlib import Path

from mesh.node.sd_notify import Notifier


def main(name: str, folder: Path) -> int:
    with open(folder / f"{name}.starts", "a") as starts:
        starts.write(f"{time.monotonic_ns()}\n")
    does = (folder / f"{name}.does").read_text().split()
    if does[0] == "exit":
        if does[2:] == ["once"]:
            (folder / f"{name}.does").write_text("run")
        sys.stderr.write(f"{name} ends with {does[1]}\n")
        return int(does[1])
    notifier = Notifier()
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopped.append(number))
    if does[0] != "mute":
        notifier.ready()
    with open(folder / "order", "a") as order:
        order.write(f"{name} ready\n")
        order.flush()
        while not stopped or does[0] == "deaf":
            if does[0] != "hang":
                notifier.alive()
            time.sleep(0.05)
        order.write(f"{name} stopped\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
