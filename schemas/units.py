"""Units of time, in nanoseconds: every time and duration in the mesh is a whole number of them."""

US = 1_000
MS = 1_000 * US
SECOND = 1_000 * MS
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
