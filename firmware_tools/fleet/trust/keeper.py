"""What the running fleet does for its repository: signs the timestamp anew before it expires, and what it holds keys
for besides; and lists what was published while there was none."""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Iterable
from typing import Any

from device_runtime.errors import CygnetError
from device_runtime.program.package import DIGESTS
from device_runtime.sync.desired import RootTarget
from firmware_tools.fleet.content import ContentStore
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.models import ModelRelease
from firmware_tools.fleet.records import Release
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.trust.ceremony import next_of_developer
from firmware_tools.fleet.trust.releases import Offer, offer, published, require, signer_of
from firmware_tools.fleet.trust.repository import Repository
from firmware_tools.fleet.trust.settings import DAY

log = logging.getLogger(__name__)

LOOK_SECONDS = 600.0
_RENEW_ROLE_BEFORE = 30 * DAY


class TrustKeeper:
    """The repository of a fleet that runs. Methods that are not coroutines block."""

    def __init__(self, repository: Repository, content: ContentStore) -> None:
        self.repository, self._content = repository, content
        self.trouble = ""
        """Why the repository cannot be kept, for the operator; empty when all is well."""

    @property
    def active(self) -> bool:
        """Whether devices rely on it."""
        return self.repository.exists

    def named_root(self) -> RootTarget | None:
        """What devices that were told of no root are told in their desired document; None before there is one.

        Raises:
            StorageError: it cannot be read.
        """
        if not self.active:
            return None
        return RootTarget(1, hashlib.sha256(self.repository.first_root()).hexdigest())

    def enrolled_root(self) -> RootTarget | None:
        """What a device is told at its enrollment: the newest root; None before there is one.

        Raises:
            FleetError: it cannot be read.
        """
        root = self.repository.root() if self.active else None
        if root is None:
            return None
        data = self.repository.root_bytes(root.signed.version)
        return RootTarget(root.signed.version, hashlib.sha256(data).hexdigest())

    def settle(self, registry: Registry) -> list[str]:
        """See to it that what is published is listed for signing; who has to sign by themselves. What cannot be listed
        is logged, and holds up nothing else.

        Raises:
            StorageError: the repository cannot be written.
        """
        if not self.active:
            return []
        known, offers = published(self.repository), []
        releases: list[Release | ModelRelease] = [*registry.releases(), *registry.models.all()]
        for release in releases:
            try:
                if _named(release)[1] not in known:
                    offers.append(self._offer(release))
            except FleetError as error:
                _tell(error)
        return offer(self.repository, offers, _tell)

    def check_signer(self, path: str) -> None:
        """Refuse to publish what nobody may sign for. Raises :class:`FleetError`."""
        if self.active:
            signer_of(self.repository.waiting("targets") or self.repository.role("targets"), path)

    def offer(self, releases: Iterable[Release | ModelRelease]) -> list[str]:
        """List releases for signing; who has to sign by themselves, so that no device takes them before that.

        Raises:
            FleetError: nobody may sign for one, or the disk refuses.
        """
        if not self.active:
            return []
        return offer(self.repository, [self._offer(release) for release in releases])

    def require(self, release: Release | ModelRelease) -> None:
        """Refuse to assign what devices would refuse. Raises :class:`FleetError`."""
        if self.active:
            name, path = _named(release)
            what = f"{name} {release.version_name} (version {release.version_code})"
            require(self.repository, path, release.sha256, what)

    def keep(self) -> None:
        """Renew what expires soon: the timestamp after half of its time, as the snapshot.

        Raises:
            FleetError: a key that is held cannot be used, or the disk refuses.
        """
        repository = self.repository
        if not self.active:
            return
        with repository.changing():
            repository.advance()
            settings, now = repository.settings(), repository.clock()
            self._renew_held(now)
            timestamp, snapshot = repository.timestamp(), repository.snapshot()
            old_snapshot = snapshot is None or _left(snapshot, now) < settings.snapshot_days * DAY / 2
            if old_snapshot or timestamp is None or _left(timestamp, now) < settings.timestamp_days * DAY / 2:
                repository.renew(snapshot=old_snapshot)

    async def run(self, on_trouble: Callable[[str], None], every: float = LOOK_SECONDS) -> None:
        """Keep it, until cancelled."""
        while True:
            trouble = ""
            try:
                await asyncio.to_thread(self.keep)
            except (CygnetError, OSError) as error:
                trouble = f"the fleet's signed metadata cannot be kept: {error}"
            if trouble != self.trouble:
                self.trouble = trouble
                on_trouble(trouble)
            await asyncio.sleep(every)

    def _renew_held(self, now: float) -> None:
        """Roles of developers for whom the fleet signs by itself."""
        targets = self.repository.role("targets")
        delegations = targets.signed.delegations if targets is not None else None
        held = self.repository.settings().held
        for name, role in ((delegations.roles if delegations is not None else None) or {}).items():
            current = self.repository.role(name)
            ours = sum(keyid in held for keyid in role.keyids) >= role.threshold
            if current is not None and ours and _left(current, now) < _RENEW_ROLE_BEFORE:
                self.repository.stage(name, next_of_developer(self.repository, name))
                self.repository.advance()

    def _offer(self, release: Release | ModelRelease) -> Offer:
        _, path = _named(release)
        digests = hashlib.sha256(self._content.read_entry(release.sha256, DIGESTS)).hexdigest()
        return Offer(path, release.sha256, release.size, digests, release.version_name)


def _tell(error: FleetError) -> None:
    log.warning("devices will not install it: %s", error)


def _named(release: Release | ModelRelease) -> tuple[str, str]:
    """What people call it, and its path."""
    if isinstance(release, Release):
        return release.app_id, f"programs/{release.app_id}/{release.version_code}.ma"
    return f"model {release.model}", f"models/{release.model}/{release.version_code}.ma"


def _left(metadata: Any, now: float) -> float:
    """Seconds until it expires."""
    return float(metadata.signed.expires.timestamp()) - now
