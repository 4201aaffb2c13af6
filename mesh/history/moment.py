"""A time as a person writes it on the command line, as Unix nanoseconds."""

from datetime import UTC, datetime

from schemas.errors import ExitStatus, TickmeshError

UNIX_UNITS_NS = {10: 1_000_000_000, 13: 1_000_000, 16: 1_000, 19: 1}
"""By its number of digits what a Unix time of these years counts in."""
MICROSECOND_NS = 1_000
SECOND_NS = 1_000_000_000


class MomentError(TickmeshError):
    """Text that is not a time."""

    exit_status = ExitStatus.USAGE


def parse_moment(text: str) -> int:
    """Return the Unix nanoseconds of a time: ISO 8601, UTC if it names no zone, or a number of s, ms, us or ns since 1970.

    Raises:
        MomentError: If it is neither.
    """
    if text.isascii() and text.isdecimal() and len(text) in UNIX_UNITS_NS:
        return int(text) * UNIX_UNITS_NS[len(text)]
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.year < 1970:
        raise MomentError(f"found {text!r} (allowed: 2026-01-31T12:00:00.123456, with a zone or in UTC; or Unix time)")
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    whole = int(found.replace(microsecond=0).timestamp())
    return whole * SECOND_NS + found.microsecond * MICROSECOND_NS


def clock_text(wall_ns: int) -> str:
    """Return a time for people, in UTC with microseconds; `-` if it is not known."""
    if not wall_ns:
        return "-"
    seconds, rest_ns = divmod(wall_ns, SECOND_NS)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}.{rest_ns // MICROSECOND_NS:06d}"
