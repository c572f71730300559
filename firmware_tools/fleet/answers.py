"""What the API answers about the fleet and its releases. Devices are in ``documents.py``. Times are Unix seconds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NotRequired, TypedDict

from firmware_tools.fleet.documents import DeviceDocument
from firmware_tools.fleet.model_documents import ModelDocument
from firmware_tools.fleet.models import ModelRelease
from firmware_tools.fleet.records import Release
from firmware_tools.fleet.runtimes import RuntimeRelease
from firmware_tools.fleet.service import Counters
from firmware_tools.fleet.strangers import Stranger
from firmware_tools.fleet.workers.documents import WorkerDocument


class FleetDocument(TypedDict):
    """The fleet itself: ``trouble`` and ``broker_trouble`` are sentences, empty where there is none; ``strangers``
    speak without being enrolled."""

    fleet: str
    broker: str
    connected: bool
    broker_trouble: str
    trouble: str
    counters: Counters
    strangers: Sequence[Stranger]
    workers: Sequence[WorkerDocument]
    now: float


class Devices(TypedDict):
    """Every device, by id."""

    devices: Sequence[DeviceDocument]


class Enrolled(TypedDict):
    """What a device must be told, also as the ``toml`` that it reads; ``new``: it was not enrolled before.
    ``fleet_key`` is the public key in base64; ``root`` is the fleet's root of trust, empty where it has none.
    ``device_key`` (of a board that checks MACs) is a secret."""

    fleet: str
    device: str
    broker: str
    fleet_key: str
    root: str
    toml: str
    new: bool
    device_key: NotRequired[str]


class Releases(TypedDict):
    """Every release, by program, newest version first."""

    releases: Sequence[Release]


class Models(TypedDict):
    """Every version of every model."""

    models: Sequence[ModelRelease]


class Runtimes(TypedDict):
    """Every runtime of microcontrollers."""

    runtimes: Sequence[RuntimeRelease]


class KeptFor(TypedDict):
    """The programs for which a model stays."""

    programs: Sequence[str]


@dataclass(frozen=True, slots=True)
class Published(Release):
    """A release; ``new``: these bytes were not published before."""

    new: bool


@dataclass(frozen=True, slots=True)
class PublishedModel(ModelRelease):
    """A version of a model; ``devices`` get it at once, since programs of theirs have asked for it in vain."""

    new: bool
    devices: Sequence[str]


@dataclass(frozen=True, slots=True)
class PublishedRuntime(RuntimeRelease):
    """A runtime; ``new``: these bytes were not published before."""

    new: bool


@dataclass(frozen=True, slots=True)
class AssignedProgram(Release):
    """The release that a device gets, and the models that come with it."""

    launch: bool
    models: Sequence[ModelDocument]
