"""The dice of counts: k-ary randomised response, thrown by OpenDP.

Of ``choices`` values the true one is told with the probability *p*, and each other one with *q* = (1 - *p*) /
(``choices`` - 1). With *p* = e^epsilon / (e^epsilon + ``choices`` - 1), whoever reads an answer learns at most epsilon
about the value: no answer is more than e^epsilon times as likely for one value as for another, whatever else they know
(local differential privacy). Source: Warner, JASA 60 (1965), for two values; Kairouz, Bonawitz and Ramage, ICML 2016,
for more. OpenDP throws with the operating system's random numbers and without the leaks of floating-point arithmetic,
and proves epsilon for each *p* (``Measurement.map``).
"""

import asyncio
import importlib
import math
from typing import Any, Protocol

from device_runtime.errors import CygnetError

_MOST_KEPT = 64
_SLACK = 1e-9


class NoiseError(CygnetError):
    """There are no dice, so nothing may be counted."""


class Noise(Protocol):
    """Throws dice."""

    async def ready(self) -> None:
        """Get ready to throw. Raises :class:`NoiseError`."""

    def throw(self, truth: int, choices: int, probability: float) -> int:
        """``truth`` with this probability, else one of the other numbers below ``choices``, each as likely.

        Raises:
            NoiseError: it cannot.
        """


def probability(epsilon: float, choices: int) -> float:
    """With which the true one of so many values is told, so that an answer tells at most ``epsilon``."""
    return math.exp(epsilon) / (math.exp(epsilon) + choices - 1)


def second_probability(first: float, wanted: float, choices: int) -> float:
    """With which a second throw keeps the result of one with the probability ``first``, so that the two together tell
    the truth with the lower probability ``wanted``: two such throws are one with another probability."""
    lie = (1 - first) / (choices - 1)
    return (wanted - lie) / (first - lie)


def told(probability: float, choices: int) -> float:
    """Epsilon of a throw with this probability."""
    return math.log(probability * (choices - 1) / (1 - probability))


class OpenDp:
    """Throws with OpenDP (https://opendp.org), which is loaded at the first count: it is large."""

    def __init__(self) -> None:
        self._module: Any = None
        self._mechanisms: dict[tuple[int, float], Any] = {}

    async def ready(self) -> None:
        """Load the library, on another thread. Raises :class:`NoiseError`."""
        if self._module is None:
            self._module = await asyncio.to_thread(_load)

    def throw(self, truth: int, choices: int, probability: float) -> int:
        """As :class:`Noise` says, after :meth:`ready`."""
        try:
            return int(self._mechanism(choices, probability)(truth))
        except self._module.mod.OpenDPException as error:
            raise NoiseError(f"OpenDP throws no dice for {choices} values: {_line(error)}") from error

    def _mechanism(self, choices: int, probability: float) -> Any:
        key = (choices, probability)
        if key not in self._mechanisms:
            made = self._module.measurements.make_randomized_response(list(range(choices)), probability)
            if not made.map(1) <= told(probability, choices) + _SLACK:
                raise NoiseError(f"OpenDP promises an epsilon of only {made.map(1):g} for {choices} values")
            if len(self._mechanisms) >= _MOST_KEPT:
                self._mechanisms.clear()
            self._mechanisms[key] = made
        return self._mechanisms[key]


def _load() -> Any:
    try:
        module = importlib.import_module("opendp")
        for name in ("mod", "measurements"):
            importlib.import_module(f"opendp.{name}")
    except (ImportError, OSError) as error:
        raise NoiseError(
            f"counts need OpenDP: {_line(error)}; install it with: pip install 'cygnet[counts]'"
        ) from error
    # What its authors have not all reviewed yet: its proof is in the library's documents.
    module.mod.enable_features("contrib")
    return module


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
