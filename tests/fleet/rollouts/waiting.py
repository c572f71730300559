"""Waiting for a rollout of a running fleet."""

import asyncio
from collections.abc import Callable

from firmware_tools.fleet.rollouts.documents import RolloutDocument
from firmware_tools.fleet.server import RunningFleet

DEADLINE = 60.0


async def until(
    fleet: RunningFleet, number: int, holds: Callable[[RolloutDocument], bool], what: str
) -> RolloutDocument:
    """Wait until a rollout is so; then all that is known of it."""
    try:
        async with asyncio.timeout(DEADLINE):
            while not holds(found := await fleet.rollouts.document(number)):  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0.05)
            return found
    except TimeoutError as error:
        now = await fleet.rollouts.document(number)
        raise AssertionError(f"not within {DEADLINE:g} s: {what}; it is {now}") from error
