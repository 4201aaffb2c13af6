"""Whether an account may take orders on, told by who knows and asked by who takes them on.

Two things keep orders back. The account may not agree with its venue: then nothing is created. Or something else bars what
would open a position (the venue's clock, a breaker that is open): what only closes one passes, and cancels always do.

This file is compiled (`readiness.pxd` has the C types).
"""

from schemas.orders import Reason


class Readiness:
    """Whether orders may be created, and why not."""

    def __init__(self) -> None:
        """Begin as an account that has not been compared yet."""
        self.reconciled = False
        """Whether the account agrees with the venue; nothing new is taken on while it does not."""
        self.closed = ""
        """Why nothing is taken on any more, however the account agrees; empty while orders are."""
        self.trouble = "starting"
        """Why it does not, or why the last pass did not show it; empty if nothing is wrong."""
        self.barred = False
        """Whether something keeps back what would open a position: `reason` and `text` say what."""
        self.reason = 0
        self.text = ""
        self._bars: dict[str, tuple[Reason, str]] = {}

    def agree(self) -> None:
        """Take note that a pass has shown both views to be equal."""
        self.reconciled = True
        self.trouble = ""

    def close(self, why: str) -> None:
        """Take nothing on any more in this life."""
        self.closed = why

    def lose(self, trouble: str) -> None:
        """Take note of what makes the account doubtful: no order until a pass that begins from now on agrees."""
        self.reconciled = False
        self.trouble = trouble

    def note(self, trouble: str) -> None:
        """Take note of why a pass has shown nothing; what was proven before stands."""
        self.trouble = trouble

    def bar(self, who: str, reason: Reason, text: str) -> None:
        """Keep back what would open a position, until `who` lifts that; of several bars the first is told."""
        self._bars[who] = (reason, text)
        self._tell()

    def lift(self, who: str) -> None:
        """Let through again what `who` kept back."""
        if self._bars.pop(who, None) is not None:
            self._tell()

    @property
    def told(self) -> str:
        """Everything that is wrong, for people; empty if nothing is."""
        return "; ".join(text for text in (self.trouble, *(text for _, text in self._bars.values())) if text)

    def _tell(self) -> None:
        self.barred = bool(self._bars)
        self.reason, self.text = next(iter(self._bars.values()), (0, ""))
