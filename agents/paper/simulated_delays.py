"""How far a venue is in virtual time, beside what the simulated network takes."""

from typing import Protocol


class Delays(Protocol):
    """How long what is sent to the venue, and what comes from it, takes beside the simulated network; drawn each time."""

    def there_ns(self) -> int:
        """Return how long the next request or message takes to the venue."""
        ...

    def back_ns(self) -> int:
        """Return how long the next answer or frame takes to the agent."""
        ...


class NoDelays:
    """The venue is as far as the network says."""

    def there_ns(self) -> int:
        """Return nothing."""
        return 0

    def back_ns(self) -> int:
        """Return nothing."""
        return 0
