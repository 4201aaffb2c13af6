"""Where an order of the account stands among recorded quantity at its price: estimates, since price levels do not say.

A recorded book tells how much stands at a price, and trades tell what was eaten of it from the front. What disappeared
without a trade was canceled, ahead of the order or behind it, and that is what a model decides. Of `canceled` lots, with
`ahead` and `behind` of the order before:

- `risk_averse`: all from behind; only trades move the order forward, and what the level displays bounds what is ahead.
- `optimistic`: all from ahead.
- `power`: behind with probability f(behind) / (f(behind) + f(ahead)), f(x) = x**n.
- `log`: likewise with f(x) = log(1 + x).

What a side does not have is canceled on the other. New quantity is behind. The probabilities are those of the queue
position models in hftbacktest's documentation (Order Fill, probability queue position models), which follow Rigtorp,
"Estimating order queue position" (rigtorp.se/2013/06/08/estimating-order-queue-position.html).
"""

from math import log1p

from schemas.errors import ConfigError

MODELS = ("risk_averse", "optimistic", "power", "log")
RISK_AVERSE, OPTIMISTIC, POWER, LOG = range(4)


class QueueModel:
    """One of `MODELS`; `power` is the n of that."""

    def __init__(self, name: str = "risk_averse", power: float = 3.0) -> None:
        """Take the model of that name.

        Raises:
            ConfigError: If there is none.
        """
        if name not in MODELS:
            raise ConfigError(f"queue: found {name!r} (allowed: {', '.join(MODELS)})")
        self.name = name
        self.power = power
        self._kind = MODELS.index(name)

    def ahead(self, ahead: float, before: int, displayed: int, traded: int) -> float:
        """Return what is ahead of an order once its level displays `displayed`, which was `before`.

        `ahead` counts what was traded since as gone already; `traded` is how much that was.
        """
        canceled = float(before - displayed - traded)
        if canceled > 0 and self._kind != RISK_AVERSE:
            behind = max(0.0, before - traded - ahead)
            from_behind = min(behind, canceled * self._share_behind(ahead, behind))
            ahead -= canceled - from_behind
        return max(0.0, min(ahead, displayed))

    def _share_behind(self, ahead: float, behind: float) -> float:
        """Return which share of what was canceled stood behind the order."""
        if self._kind == OPTIMISTIC or behind <= 0:
            return 0.0
        if self._kind == POWER:
            # By the ratio of both, so that no power of a large number is needed.
            odds: float = (ahead / behind) ** self.power
            return 1.0 / (1.0 + odds)
        return log1p(behind) / (log1p(behind) + log1p(ahead))
