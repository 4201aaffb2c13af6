"""Single messages of Binance that others recorded or documented, by the name of the file, the line, or the REST route."""

import gzip
import json
from pathlib import Path

NAUTILUS = "private-and-rest/nautilus/binance"
ROUTES = "private-and-rest/gocryptotrader/binance_http.json.gz"
LINES = (
    "private-and-rest/gocryptotrader/binance_wsHandleData.json",
    "raw-single-messages/crypto-msg-parser/binance.jsonl",
)


def samples(data_dir: Path) -> dict[str, bytes]:
    """Return every sample as the venue would send it, by `MARKET/FILE` or `FILE:LINE`."""
    folder = data_dir / NAUTILUS
    found = {
        f"{path.relative_to(folder).parts[0]}/{path.name}": _compact(path.read_bytes())
        for path in folder.rglob("*.json")
    }
    for name in LINES:
        path = data_dir / name
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            record = json.loads(line)
            found[f"{path.name}:{number}"] = record["raw"].encode() if "raw" in record else line
    return found


def routes(data_dir: Path) -> dict[str, list[bytes]]:
    """Return the answers that were recorded of each REST route, by `METHOD PATH`; those without a body are left out."""
    recorded = json.loads(gzip.decompress((data_dir / ROUTES).read_bytes()))["routes"]
    return {
        f"{method} {path}": [json.dumps(each["data"]).encode() for each in answers if each.get("data") is not None]
        for path, methods in recorded.items()
        for method, answers in methods.items()
    }


def _compact(text: bytes) -> bytes:
    return json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False).encode()
