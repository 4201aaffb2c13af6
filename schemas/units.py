"""Units of time, in nanoseconds: every time and duration in the mesh is a whole number of them."""

MS = 1_000_000
SECOND = 1_000 * MS
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
