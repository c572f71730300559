"""Waiting for a rollout of a running fleet."""

import asyncio
from collections.abc import Callable
from typing import Any

from firmware_tools.fleet.server import RunningFleet

DEADLINE = 60.0


async def until(fleet: RunningFleet, number: int, holds: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
    """Wait until a rollout is so; then all that is known of it."""
    found: dict[str, Any] = {}
    try:
        async with asyncio.timeout(DEADLINE):
            while not holds(found := await fleet.rollouts.document(number)):  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0.05)
    except TimeoutError as error:
        raise AssertionError(f"not within {DEADLINE:g} s: {what}; it is {found}") from error
    return found
