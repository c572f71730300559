"""Which devices belong to which stage: by a hash, so that anybody who knows the rollout can say it again."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from firmware_tools.fleet.rollouts.options import Stage

POSITIONS = 2**53
"""Positions are whole numbers from 0 up to this, exclusive."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a device stands in the order of a rollout, and in which stage (from 0)."""

    device: str
    position: int
    stage: int


def position(rollout: int, device: str) -> int:
    """Where a device stands in the order of a rollout: 0 up to :data:`POSITIONS`, another for each rollout, so that it
    is not always the same devices that go first."""
    return int.from_bytes(hashlib.sha256(f"{rollout}/{device}".encode()).digest()[:8], "big") >> 11


def divide(rollout: int, devices: Iterable[str], stages: Sequence[Stage]) -> list[Place]:
    """Each device with the first stage that takes it. A stage takes exactly as many as its size says, rounded up, and
    contains those before it."""
    order = sorted((position(rollout, device), device) for device in set(devices))
    places: list[Place] = []
    for number, stage in enumerate(stages):
        end = stage.size.of(len(order))
        places += [Place(device, place, number) for place, device in order[len(places) : max(end, len(places))]]
    return places


def stage_of_late(rollout: int, device: str, stages: Sequence[Stage]) -> Place:
    """Where a device goes that came when the stages were made already: the first stage by share into which its position
    falls. Stages by number are full: they say how many devices at most are put at risk."""
    place = position(rollout, device)
    for number, stage in enumerate(stages):
        if stage.size.share is not None and place < stage.size.share * POSITIONS:
            return Place(device, place, number)
    return Place(device, place, len(stages) - 1)
