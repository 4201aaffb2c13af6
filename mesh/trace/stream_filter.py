"""Streams chosen by name: a kind, a kind at a venue, or one instrument, as `--stream` says it."""

from schemas.errors import TickmeshError
from schemas.streams import Kind


class StreamFilter:
    """Lets names pass that are the text or begin with it at a part: BOOK, TRADE/1, TRADE/1/2; all if it is empty."""

    def __init__(self, text: str = "") -> None:
        """Take what names are to begin with."""
        self._text = text.upper().rstrip("/")

    def passes(self, name: str) -> bool:
        """Return whether a stream of that name is one of those asked for."""
        return not self._text or f"{name}/".startswith(f"{self._text}/")


def check_stream(stream: str) -> None:
    """Check that a stream filter names a kind.

    Raises:
        TickmeshError: If no stream can pass it.
    """
    allowed = [kind.name for kind in Kind]
    if stream and stream.upper().partition("/")[0] not in allowed:
        raise TickmeshError(f"--stream: found '{stream}' (allowed: {', '.join(allowed)}, then /VENUE and /INSTRUMENT)")
