"""Single messages of Bybit that others recorded, each by the name of its file, and of its line if it has several."""

import json
from pathlib import Path

NAUTILUS = "private-and-rest/nautilus/bybit"
LINES = (
    "private-and-rest/gocryptotrader/bybit_wsAuth.json",
    "private-and-rest/gocryptotrader/bybit_wsTicker.json",
    "raw-single-messages/crypto-msg-parser/bybit.jsonl",
)


def samples(data_dir: Path) -> dict[str, bytes]:
    """Return every sample as the venue would send it, by `FILE` or `FILE:LINE`."""
    found = {path.name: _compact(path.read_bytes()) for path in (data_dir / NAUTILUS).glob("*.json")}
    for name in LINES:
        path = data_dir / name
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            record = json.loads(line)
            found[f"{path.name}:{number}"] = record["raw"].encode() if "raw" in record else line
    return found


def _compact(text: bytes) -> bytes:
    return json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False).encode()
