"""A line of a chart with no more points than a screen can show, and none of its extremes lost.

Time is cut into equal buckets. Of each the first, the lowest, the highest and the last point are kept, in the order of
time, so that a line through them covers on the screen what a line through all points would (the idea of M4, Jugel, Jerzak,
Hackenbroich, Markl: "M4: A Visualization-Oriented Time Series Data Aggregation", VLDB 2014).
"""

BUCKETS = 1_000
Point = tuple[int, float]
"""Unix nanoseconds, value."""


class Thinned:
    """Points of one line between two times; takes any number of them in constant memory."""

    def __init__(self, first_ns: int, last_ns: int, buckets: int = BUCKETS) -> None:
        """Take the times of both ends; points beyond them fall into the outermost buckets."""
        self.taken = 0
        """How many points there were."""
        self._first_ns = first_ns
        self._width_ns = max(1, -(-(last_ns - first_ns + 1) // buckets))
        self._last = buckets - 1
        self._kept: dict[int, list[Point]] = {}

    def add(self, ts_ns: int, value: float) -> None:
        """Take a point; they come in the order of time."""
        self.taken += 1
        number = min(max(0, (ts_ns - self._first_ns) // self._width_ns), self._last)
        point = (ts_ns, value)
        kept = self._kept.get(number)
        if kept is None:
            self._kept[number] = [point, point, point, point]
            return
        if value < kept[1][1]:
            kept[1] = point
        if value > kept[2][1]:
            kept[2] = point
        kept[3] = point

    def points(self) -> list[Point]:
        """Return what was kept, in the order of time, none twice."""
        found: list[Point] = []
        for number in sorted(self._kept):
            first, lowest, highest, last = self._kept[number]
            middle = sorted((lowest, highest), key=lambda each: each[0])
            for point in (first, *middle, last):
                if not found or (point is not found[-1] and point not in found[-3:]):
                    found.append(point)
        return found
