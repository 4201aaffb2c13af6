"""What the values of the configuration may be: each with its bounds, and in words."""

from typing import Annotated

import msgspec
from msgspec import Meta

from schemas.markets import FEED, FEEDS

Port = Annotated[int, Meta(ge=0, le=65535)]
Number8 = Annotated[int, Meta(ge=1, le=255)]
Number16 = Annotated[int, Meta(ge=1, le=65535)]
Positive = Annotated[int, Meta(ge=1)]
NotNegative = Annotated[int, Meta(ge=0)]
Fraction = Annotated[float, Meta(gt=0.0, le=1.0)]
PositiveFloat = Annotated[float, Meta(gt=0.0)]
NotNegativeFloat = Annotated[float, Meta(ge=0.0)]
NAME = "^[a-z][a-z0-9_-]{0,30}$"
GROUP_NAME = "^([a-z][a-z0-9_-]{0,30})?$"
DECIMAL = r"^[0-9]+(\.[0-9]{1,8})?$"
"""Money, quantities, sizes and rates: everything is counted in units of 10**-8."""

DSN = r"^([a-z]+://[^/?#\s]+.*)?$"
MEANINGS = {
    NAME: "a lower-case letter, then at most 30 of a-z, 0-9, _ and -",
    GROUP_NAME: "empty, or a lower-case letter, then at most 30 of a-z, 0-9, _ and -",
    DECIMAL: "a decimal without sign, with at most 8 decimals",
    DSN: "SCHEME://HOST, with user, port and path as needed",
    FEED: f"{', '.join(FEEDS)}, with @100ms or the like where the venue has several speeds, or kline_1m and the like",
}
"""What each pattern allows, for people."""

Name = Annotated[str, Meta(pattern=NAME)]
GroupName = Annotated[str, Meta(pattern=GROUP_NAME)]
DecimalText = Annotated[str, Meta(pattern=DECIMAL, max_length=40)]
Dsn = Annotated[str, Meta(pattern=DSN)]
Feed = Annotated[str, Meta(pattern=FEED)]


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every table: immutable, unknown keys refused."""
