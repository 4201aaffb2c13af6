"""Attaches to the tap of an agent and reads until it is stopped: `python -m bench.tap_client CONFIG.json NAME`."""

import sys
from pathlib import Path

import msgspec

from mesh.endpoints import endpoints
from mesh.transport.tap import TapClient
from schemas.config import Config

READ_S = 0.2


def main(config_file: Path, name: str) -> None:
    """Read for ever; say so when the first frame has come."""
    config = msgspec.json.decode(config_file.read_bytes(), type=Config)
    client = TapClient(endpoints(config, name).tap)
    told = False
    while True:
        if client.read(READ_S) and not told:
            told = True
            sys.stdout.write("attached\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
