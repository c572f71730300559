"""Who may do what at a broker, whichever it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from device_runtime.sync.certificates import Holder
from device_runtime.sync.messages import FROM_DEVICE, PROTOCOL, TO_DEVICE
from firmware_tools.fleet.identity.authority import TELEMETRY
from firmware_tools.fleet.identity.certificates import Certificates


@dataclass(frozen=True, slots=True)
class Client:
    """One client: the common name of its certificates, their alternative names, and MQTT topic filters."""

    user: str
    urns: Sequence[str]
    write: Sequence[str]
    read: Sequence[str]


@dataclass(frozen=True, slots=True)
class Rights:
    """All clients of a fleet's broker. ``barred`` are devices whose connections may still stand, ``withdrawn`` the
    common names of services and provisioning certificates that are good no more."""

    fleet: str
    services: Sequence[Client]
    claimers: Sequence[Client]
    devices: Sequence[Client]
    barred: Sequence[str]
    withdrawn: Sequence[str]

    @property
    def prefix(self) -> str:
        """What every topic of the fleet begins with, up to the device."""
        return f"{PROTOCOL}/{self.fleet}"

    def denied_to_claimers(self) -> list[str]:
        """The channels that a device has and a provisioning certificate has not."""
        return [channel for channel in (*FROM_DEVICE, *TO_DEVICE) if channel not in {"request", "response"}]


def rights_of(connection: Connection, fleet: str, now: float, *, with_devices: bool = True) -> Rights:
    """The rights by what the database knows; without ``with_devices`` for who knows devices by patterns."""
    certificates = Certificates(connection)
    prefix = f"{PROTOCOL}/{fleet}"

    def clients(kind: Any) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name, serial in certificates.good_ones(kind, now):
            found.setdefault(name, []).append(Holder(fleet, kind, name).urn(serial))
        return found

    services = [
        Client(Holder(fleet, "service", name).common_name, urns, *_service_topics(prefix, name))
        for name, urns in clients("service").items()
    ]
    claimers = [
        Client(name, urns, [f"{prefix}/{name}/request"], [f"{prefix}/{name}/response"])
        for name, urns in clients("claim").items()
    ]
    devices = [
        Client(
            name,
            urns,
            [f"{prefix}/{name}/{channel}" for channel in FROM_DEVICE],
            [f"{prefix}/{name}/{channel}" for channel in TO_DEVICE],
        )
        for name, urns in (clients("device") if with_devices else {}).items()
    ]
    withdrawn = [
        Holder(fleet, kind, name).common_name
        for kind in ("service", "claim")
        for name in certificates.withdrawn(kind, now)
    ]
    return Rights(fleet, services, claimers, devices, sorted(certificates.barred()), withdrawn)


def probe_of(service: str) -> str:
    """The device id under which a content worker sends itself a message."""
    return f"probe-{service}"


def _service_topics(prefix: str, name: str) -> tuple[list[str], list[str]]:
    """What it may write, and what it may read."""
    if name.startswith("content-"):
        return (
            [f"{prefix}/+/response"],
            [f"{prefix}/+/request", f"{prefix}/{probe_of(name)}/response"],
        )
    if name.endswith(TELEMETRY):
        return [], [f"{prefix}/+/telemetry"]
    return [f"{prefix}/#"], [f"{prefix}/#"]
