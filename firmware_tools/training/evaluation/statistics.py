"""How sure a measurement is: intervals for proportions and for rates of rare events.

Sources: E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22 (1927);
F. Garwood, "Fiducial Limits for the Poisson Distribution", Biometrika 28 (1936), which is exact.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """What the true value lies in, in 95 of 100 measurements."""

    low: float
    high: float


def wilson(successes: int, trials: int, confidence: float = CONFIDENCE) -> Interval:
    """The score interval of a proportion; of no trials it is 0 to 1.

    Raises:
        ValueError: more successes than trials, or fewer than none.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes in {trials} trials")
    if trials == 0:
        return Interval(0.0, 1.0)
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = successes / trials
    middle = share + z * z / (2 * trials)
    spread = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    whole = 1 + z * z / trials
    # At the ends the sum is 0 or 1 but for rounding.
    low = 0.0 if successes == 0 else max(0.0, (middle - spread) / whole)
    high = 1.0 if successes == trials else min(1.0, (middle + spread) / whole)
    return Interval(low, high)


def poisson(events: int, exposure: float, confidence: float = CONFIDENCE) -> Interval:
    """The exact interval of a rate: ``events`` in ``exposure`` (hours, say), as events per unit of it.

    Without exposure nothing is known: 0 to infinity.

    Raises:
        ValueError: fewer than no events, or a negative exposure.
    """
    if events < 0 or exposure < 0:
        raise ValueError(f"{events} events in {exposure}")
    if exposure == 0:
        return Interval(0.0, math.inf)
    tail = (1 - confidence) / 2
    low = 0.0 if events == 0 else _mean_where(lambda mean: _at_most(events - 1, mean) <= 1 - tail, events)
    high = _mean_where(lambda mean: _at_most(events, mean) <= tail, events)
    return Interval(low / exposure, high / exposure)


def _at_most(events: int, mean: float) -> float:
    """The chance of at most so many events where ``mean`` are expected."""
    if mean == 0:
        return 1.0
    return math.fsum(math.exp(count * math.log(mean) - mean - math.lgamma(count + 1)) for count in range(events + 1))


def _mean_where(true: Callable[[float], bool], events: int) -> float:
    """The least mean for which ``true`` holds, which is false below it and true above."""
    low, high = 0.0, 10.0 + events + 10 * math.sqrt(events + 1)
    for _ in range(100):
        middle = (low + high) / 2
        if true(middle):
            high = middle
        else:
            low = middle
    return high
