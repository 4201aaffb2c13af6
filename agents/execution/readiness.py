"""Whether an account agrees with its venue, told by who reconciles it and asked by who takes orders on.

This file is compiled (`readiness.pxd` has the C types).
"""


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
