"""Runtimes of microcontrollers: checked, published, assigned; and the keys of boards that check MACs."""

import base64
import json
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, delete, insert, select, update

from device_runtime.program.package import DIGESTS, SIGNATURE, seal_package
from device_runtime.sealed.archive import ArchiveError, read_archive
from device_runtime.sync.fields import one_line
from device_runtime.sync.messages import MAX_TEXT, RuntimeTarget
from firmware_tools.fleet.errors import ConflictError, FleetError, NotFoundError
from firmware_tools.fleet.schema import device_keys, runtime_assignments, runtimes
from firmware_tools.fleet.selecting import of_devices


@dataclass(frozen=True, slots=True)
class RuntimeRelease:
    """One published runtime; ``published_at`` is Unix time in seconds."""

    version: str
    sha256: str
    size: int
    published_at: float


def seal_runtime(data: bytes, name: str, key: Ed25519PrivateKey) -> tuple[bytes, str]:
    """A runtime as the boards of this fleet accept it, and its version; ``name`` is what messages call it.

    Raises:
        FleetError: no sealed archive, altered, or without a runtime in it.
    """
    try:
        entries = read_archive(data)
        sealed = seal_package(entries, key)
    except ArchiveError as error:
        raise FleetError(f"{name} cannot be published: {error}") from error
    if SIGNATURE not in entries or entries.get(DIGESTS) != read_archive(sealed)[DIGESTS]:
        raise FleetError(f"{name} cannot be published: it is not sealed, or was altered after that")
    content = entries.keys() - {DIGESTS, SIGNATURE}
    strange = sorted(entry for entry in content if entry != "runtime.json" and not entry.startswith("micro/"))
    if strange or content.isdisjoint({"micro/runtime.py", "micro/runtime.mpy"}):
        raise FleetError(f"{name} cannot be published: it is no runtime of a microcontroller")
    try:
        version = json.loads(entries["runtime.json"])["version"]
    except (KeyError, ValueError, TypeError, RecursionError) as error:
        raise FleetError(f"{name} cannot be published: its runtime.json does not say its version") from error
    return sealed, check_runtime_version(version, name)


def check_runtime_version(version: object, name: str) -> str:
    """The version of a runtime that messages call ``name``.

    Raises:
        FleetError: it is not 1 to 64 characters in one line.
    """
    if not isinstance(version, str) or not version or one_line(version, MAX_TEXT) != version:
        raise FleetError(f"{name} cannot be published: its version must be 1 to {MAX_TEXT} characters")
    return version


class RuntimeRegistry:
    """Runtimes and keys as one transaction sees them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def publish(self, version: str, sha256: str, size: int) -> tuple[RuntimeRelease, bool]:
        """Add a runtime; false when these very bytes were published before.

        Raises:
            ConflictError: this version was published with other bytes.
        """
        row = self._connection.execute(select(runtimes).where(runtimes.c.version == version)).one_or_none()
        if row is not None:
            if row.sha256 != sha256:
                raise ConflictError(f"runtime {version} is published with other content; give it another version")
            return RuntimeRelease(row.version, row.sha256, row.size, row.published_at), False
        release = RuntimeRelease(version, sha256, size, time.time())
        self._connection.execute(
            insert(runtimes).values(version=version, sha256=sha256, size=size, published_at=release.published_at)
        )
        return release, True

    def all(self) -> list[RuntimeRelease]:
        """Every runtime, the newest first."""
        rows = self._connection.execute(select(runtimes).order_by(runtimes.c.published_at.desc()))
        return [RuntimeRelease(row.version, row.sha256, row.size, row.published_at) for row in rows]

    def assign(self, device: str, version: str | None) -> tuple[RuntimeRelease, bool]:
        """Let an enrolled device have a runtime, the newest if ``version`` is None; false when it should already.

        Raises:
            NotFoundError: no such runtime.
        """
        found = next((each for each in self.all() if version in {None, each.version}), None)
        if found is None:
            what = "no runtime is published" if version is None else f"runtime {version} is not published"
            raise NotFoundError(f"{what}; publish it with `cygnet fleet runtime publish`")
        here = runtime_assignments.c.device == device
        before = self._connection.scalar(select(runtime_assignments.c.version).where(here))
        if before is None:
            self._connection.execute(insert(runtime_assignments).values(device=device, version=found.version))
        elif before != found.version:
            self._connection.execute(update(runtime_assignments).where(here).values(version=found.version))
        return found, before != found.version

    def unassign(self, device: str) -> None:
        """Leave a device the runtime that it has.

        Raises:
            NotFoundError: it has none assigned.
        """
        gone = delete(runtime_assignments).where(runtime_assignments.c.device == device)
        if self._connection.execute(gone).rowcount == 0:
            raise NotFoundError(f"no runtime is assigned to device {device}")

    def targets(self, device: str | Collection[str] | None = None) -> dict[str, RuntimeTarget]:
        """The runtime that each device should have, where one is assigned."""
        query = select(runtime_assignments.c.device, runtimes).join(
            runtimes, runtimes.c.version == runtime_assignments.c.version
        )
        query = query.where(of_devices(runtime_assignments.c.device, device))
        return {row.device: RuntimeTarget(row.version, row.sha256, row.size) for row in self._connection.execute(query)}

    def set_key(self, device: str, key: bytes) -> None:
        """The key that an enrolled device shares with the fleet from now on."""
        text = base64.b64encode(key).decode()
        here = device_keys.c.device == device
        if self._connection.execute(update(device_keys).where(here).values(key=text)).rowcount == 0:
            self._connection.execute(insert(device_keys).values(device=device, key=text))

    def keys(self, devices: Iterable[str]) -> Mapping[str, bytes]:
        """The keys of those of these devices that have one."""
        query = select(device_keys).where(device_keys.c.device.in_(list(devices)))
        return {row.device: base64.b64decode(row.key) for row in self._connection.execute(query)}
