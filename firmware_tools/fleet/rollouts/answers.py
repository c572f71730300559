"""What the API answers about groups. Rollouts are in ``documents.py``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from firmware_tools.fleet.rollouts.groups import Group
from firmware_tools.fleet.rollouts.records import RolloutDevice


class Groups(TypedDict):
    """Every group, with how many devices are in it now."""

    groups: Sequence[Group]


@dataclass(frozen=True, slots=True)
class GroupWithMembers(Group):
    """A group with the devices that are in it now."""

    members: Sequence[str]


class QueriedDevices(TypedDict):
    """The ids of the devices that a query takes."""

    devices: Sequence[str]


class TagsOfDevices(TypedDict):
    """The tags of each device that has any."""

    tags: Mapping[str, Sequence[str]]


class Tags(TypedDict):
    """The tags of a device."""

    tags: Sequence[str]


class DevicesOfRollout(TypedDict):
    """Devices of a rollout, by id. Stages count from 1. ``pruned_at``: since when there are none to be had, because the
    rollout ended long ago."""

    devices: Sequence[RolloutDevice]
    pruned_at: float | None


class Stopped(TypedDict):
    """What an emergency stop has done: the numbers of the rollouts that it stopped, or whether it was ``lifted``."""

    lifted: bool
    stopped: Sequence[int]
