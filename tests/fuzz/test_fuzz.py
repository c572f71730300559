"""Whatever arrives is taken or refused; what once broke a target stays mended."""

import random
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS, load

# Derandomised, so that a change is judged by its own faults: `make fuzz` looks for new ones.
_PROFILE = settings(derandomize=True, database=None, deadline=None, suppress_health_check=[*HealthCheck])
_BYTES = st.binary(max_size=64) | st.integers(0, 2**32).map(lambda seed: random.Random(seed).randbytes(400))  # noqa: S311 no secret


@pytest.mark.parametrize("name", TARGETS)
def test_any_bytes_are_taken_or_refused_in_one_sentence(name: str) -> None:
    target = load(name)
    for seed in target.SEEDS:
        target.feed(b"\0" + seed)

    @settings(_PROFILE, max_examples=getattr(target, "EXAMPLES", 300))
    @given(_BYTES)
    def feed(data: bytes) -> None:
        target.feed(data)

    feed()


def _cases() -> list[Any]:
    return [
        pytest.param(target, case,
        id=f"{name}: {case}") for name in TARGETS for target in [load(name)] for case in target.CASES
    ]  # fmt: skip


@pytest.mark.parametrize(("target", "case"), _cases())
def test_what_once_broke_it_is_taken_or_refused(target: ModuleType, case: str) -> None:
    target.check(target.CASES[case]())
