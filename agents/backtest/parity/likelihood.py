"""How well each model fits the orders of a run, and which models the orders do not tell apart.

Orders are taken as independent. Of each the run tells two things, and a model how likely they are:

- how long it was on its way, its hop, to the step of the venue's times: ln of how likely the model's latency makes that
  (`entry_hops`).
- how it was filled: its distance d of the simulated order (`order_pair`). By Laplace's law, ln f = -d / s. Its scale s is
  the same for all models: what is estimated under the one that is nearest, its mean distance, and not below `SCALE_MIN`.

A model's log-likelihood is the sum of both over all orders, less k/2 ln n for k numbers that were estimated of n orders
(Schwarz, "Estimating the dimension of a model", Annals of Statistics 6, 1978): those of the measured latency.

Two models are told apart by Vuong's test ("Likelihood ratio tests for model selection and non-nested hypotheses",
Econometrica 57, 1989): with l the difference of both for each order, z = (sum of l, less the difference of the k/2 ln n)
/ (sqrt(n) times the standard deviation of l) is normal where they are equally near to the truth. Below `APART` the orders
do not tell.
"""

import math
from collections.abc import Mapping, Sequence

import msgspec

from agents.backtest.parity.entry_hops import EntryHops, log_chance_of
from agents.backtest.parity.order_pair import OrderPair
from agents.backtest.parity.venue_models import VenueModel
from agents.backtest.result.figures import deviation, mean

SCALE_MIN = 0.001
"""A thousandth of what an order could have been filled is nothing that a model is blamed for."""
APART = 1.645
"""One in twenty exceeds it by chance, on one side."""


class ModelFit(msgspec.Struct, frozen=True):
    """How well one model fits: its log-likelihood, of the hops and of the fills, and how far it is from the best.

    `z` is Vuong's, None of the best itself and where nothing differs by chance; `alike` is whether the orders do not tell
    it from the best, which that one is of itself.
    """

    model: VenueModel
    log_likelihood: float
    of_hops: float
    of_fills: float
    distance: float
    alike: bool
    z: float | None = None


def fits_of(
    pairs: Mapping[VenueModel, Sequence[OrderPair]], hops: EntryHops, step_ns: Mapping[str, int]
) -> list[ModelFit]:
    """Return how well each model fits its pairs, best first; equal ones in the order that they were given in."""
    distances = {model: mean([each.distance for each in those]) or 0.0 for model, those in pairs.items()}
    scale = max(SCALE_MIN, min(distances.values(), default=0.0))
    count = max((len(those) for those in pairs.values()), default=0)
    hop_terms = {model: [_of_hop(model, each, hops, step_ns) for each in those] for model, those in pairs.items()}
    fill_terms = {model: [-each.distance / scale for each in those] for model, those in pairs.items()}
    penalties = {model: _penalty(model, hops, count) for model in pairs}
    sums = {model: math.fsum(hop_terms[model]) + math.fsum(fill_terms[model]) - penalties[model] for model in pairs}
    ordered = sorted(pairs, key=lambda model: -sums[model])
    found = []
    for model in ordered:
        best = ordered[0]
        terms = [
            a + b - c - d
            for a, b, c, d in zip(hop_terms[best], fill_terms[best], hop_terms[model], fill_terms[model], strict=True)
        ]
        z = None if model is best else vuong(terms, penalties[best] - penalties[model])
        found.append(
            ModelFit(
                model=model,
                log_likelihood=sums[model],
                of_hops=math.fsum(hop_terms[model]) - penalties[model],
                of_fills=math.fsum(fill_terms[model]),
                distance=distances[model],
                alike=z is None or z < APART,
                z=None if z is None or math.isinf(z) else z,
            )
        )
    return found


def vuong(terms: Sequence[float], penalty: float = 0.0) -> float:
    """Return z of the differences of two models' terms by order, less `penalty` in all; infinite without chance."""
    gained = math.fsum(terms) - penalty
    spread = deviation(terms)
    if not spread:
        return math.copysign(math.inf, gained) if len(terms) > 1 and gained else 0.0
    return gained / (math.sqrt(len(terms)) * spread)


def _of_hop(model: VenueModel, pair: OrderPair, hops: EntryHops, step_ns: Mapping[str, int]) -> float:
    """Return the logarithm of how likely a model makes an order's hop, 0 if that is not known."""
    hop_ns = hops.by_order.get(pair.order.client_order_id)
    if hop_ns is None:
        return 0.0
    step = step_ns[pair.order.account]
    if model.entry_ns is None:
        return hops.log_chance(hop_ns, step)
    return log_chance_of(hop_ns, step, model.entry_ns)


def _penalty(model: VenueModel, hops: EntryHops, count: int) -> float:
    return 0.5 * hops.parameters * math.log(count) if model.entry_ns is None and count else 0.0
