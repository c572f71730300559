"""What a device remembers of its fleet across restarts: how often it started, what it should have, what it launched.

Two small files, each replaced by rename after ``fsync``: ``desired.json``, the signed envelope as it came, and
``memory.json``. The envelope is verified again when it is read, so a changed file is worth nothing.
"""

import json
import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from device_runtime.errors import CygnetError
from device_runtime.keys import KeyRing
from device_runtime.sync.fields import ProtocolError, parse_object
from device_runtime.sync.messages import MAX_MESSAGE_BYTES, MAX_PROGRAMS, Desired, verify_desired

log = logging.getLogger(__name__)

_CONNECTIONS_PER_START = 2**20


class SyncMemoryError(CygnetError):
    """The disk does not take what the device must remember."""


class SyncMemory:
    """The memory in ``folder``. What writes may be called in a thread, so that no ``fsync`` holds up the event loop.

    Attributes:
        desired: the document that the device follows, or None.
        issued: when the fleet signed it last, as far as this device has heard: Unix time in seconds.
    """

    def __init__(
        self,
        folder: Path,
        trusted: KeyRing,
        fleet: str,
        device: str,
        clock: Callable[[], float] = time.time,
        known: KeyRing | None = None,
    ) -> None:
        """Read what is there, and count this start. ``clock`` gives Unix time in seconds. ``known`` are keys by one of
        which the kept document may be signed, besides those that are ``trusted`` for new ones.

        Raises:
            SyncMemoryError: the folder or its files cannot be written.
        """
        self._folder, self._trusted, self._fleet, self._device = folder, trusted, fleet, device
        self._clock, self._known = clock, known or {}
        self._starts, self._floor, self._launched = self._recall()
        self._connections = 0
        self._of_former_key = False
        self._lock = threading.Lock()
        self._starts += 1
        self._save()
        self.desired = self._recall_desired(trusted)
        if self.desired is not None:
            self._floor = max(self._floor, self.desired.version)
        elif self._known:  # what a key signed that is trusted no more is followed, but its version binds nobody
            self.desired = self._recall_desired(self._known)
            self._of_former_key = self.desired is not None
        self.issued = self.desired.issued if self.desired is not None else 0

    @property
    def held_version(self) -> int:
        """Of the document that is followed, for who asks for it anew; 0 where there is none, or only what a former key
        has signed: then it is wanted as the keys of now sign it."""
        return self.desired.version if self.desired is not None and not self._of_former_key else 0

    def next_session(self) -> int:
        """A number for one connection, greater than all before it on this device, without writing to the disk."""
        self._connections += 1
        return self._starts * _CONNECTIONS_PER_START + self._connections

    def accept(self, payload: bytes) -> bool:
        """Take a signed envelope as what this device should have from now on.

        Returns:
            False when it is the document that is followed already.

        Raises:
            ProtocolError: not ours (see :func:`verify_desired`), older than what was accepted before, or expired.
            SyncMemoryError: it cannot be kept.
        """
        with self._lock:
            return self._accept(verify_desired(payload, self._trusted, self._fleet, self._device), payload)

    def _accept(self, desired: Desired, payload: bytes) -> bool:
        # The fleet signs the same version again whenever it publishes it, with new times. What was accepted is followed
        # for as long as nothing newer comes: a device that is away from its fleet for months goes on.
        if (
            self.desired is not None
            and not self._of_former_key
            and self.desired == replace(desired, issued=self.desired.issued, expires=self.desired.expires)
        ):
            self.issued = max(self.issued, desired.issued)
            return False
        if desired.version < self._floor:
            raise ProtocolError(
                f"desired version {desired.version} is older than version {self._floor}, which this device has seen"
            )
        if self.desired is not None and desired.version == self.desired.version and not self._of_former_key:
            raise ProtocolError(f"desired version {desired.version} came a second time with other content")
        now = self._clock()
        if 0 < desired.expires < now:  # a clock that was never set shows a time long past, and refuses nothing
            raise ProtocolError(
                f"desired version {desired.version} expired {now - desired.expires:.0f} s ago: "
                "the fleet must sign it again, unless the clock of this device is wrong"
            )
        self._write("desired.json", payload)
        self.desired, self._floor, self._of_former_key = desired, desired.version, False
        self.issued = desired.issued
        self._save()
        return True

    def forget_versions(self) -> None:
        """Other keys sign from now on: their versions begin anew, whatever number a former key has named.

        Raises:
            SyncMemoryError: it cannot be kept.
        """
        with self._lock:
            self._floor, self._of_former_key = 0, True
            self._save()

    def was_launched(self, app_id: str, sha256: str) -> bool:
        """Whether this very package has been brought up once, as desired."""
        return self._launched.get(app_id) == sha256

    def remember_launch(self, app_id: str, sha256: str) -> None:
        """This package has been brought up. Raises :class:`SyncMemoryError`."""
        with self._lock:
            self._launched[app_id] = sha256
            self._save()

    def launched(self) -> frozenset[str]:
        """The programs of which a package has been brought up."""
        return frozenset(self._launched)

    def forget_launches(self, app_ids: set[str]) -> None:
        """Forget those of other programs than these. Raises :class:`SyncMemoryError`."""
        with self._lock:
            if not self._launched.keys() <= app_ids:
                self._launched = {app_id: sha for app_id, sha in self._launched.items() if app_id in app_ids}
                self._save()

    def _recall(self) -> tuple[int, int, dict[str, str]]:
        path = self._folder / "memory.json"
        try:
            fields = parse_object(path.read_bytes(), path.name, MAX_MESSAGE_BYTES)
            launched = {name: str(sha) for name, sha in fields.mapping("launched", MAX_PROGRAMS).items()}
            return fields.integer("starts", high=2**32), fields.integer("desired_version"), launched
        except FileNotFoundError:
            return 0, 0, {}
        except (OSError, ProtocolError) as error:
            log.warning("%s cannot be read (%s); the device begins anew with its fleet", path, error)
            return 0, 0, {}

    def _recall_desired(self, keys: KeyRing) -> Desired | None:
        path = self._folder / "desired.json"
        try:
            return verify_desired(path.read_bytes(), keys, self._fleet, self._device)
        except FileNotFoundError:
            return None
        except (OSError, ProtocolError) as error:
            log.warning("%s is not followed (%s); the fleet is asked for another", path, error)
            return None

    def _save(self) -> None:
        document = {"starts": self._starts, "desired_version": self._floor, "launched": self._launched}
        self._write("memory.json", json.dumps(document).encode())

    def _write(self, name: str, data: bytes) -> None:
        path = self._folder / name
        new = path.with_name(name + ".new")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with new.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            new.replace(path)
            folder = os.open(self._folder, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise SyncMemoryError(f"{path} cannot be written: {error.strerror}") from error
