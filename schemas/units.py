"""Units of time, in nanoseconds: every time and duration in the mesh is a whole number of them."""

MS = 1_000_000
SECOND = 1_000 * MS
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
