"""The device's trust on its disk: where it begins (a pin, then the newest root), and what the fleet's metadata says.

Blocking, and for one thread at a time; :mod:`device_runtime.trust.layer` puts it behind the event loop. All files are
replaced whole, so a power cut leaves each as it was or as it should be; what is missing is fetched again.

```
pin.json          where trust begins (device_runtime/trust/pin.py)
anchor.json       the newest root that was reached from there
clock.json        what time the fleet said it is
metadata/         python-tuf's: roots, timestamp, snapshot, targets
```
"""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tuf.api.exceptions import DownloadError, RepositoryError
from tuf.api.metadata import Metadata, Root

from device_runtime.sealed.durable import disk_sentence, write_whole
from device_runtime.sync.desired import RootTarget
from device_runtime.sync.metadata import MetadataMissingError, MetadataTooLongError, MetadataUnavailableError
from device_runtime.trust.claims import RootClaims, generation, read_claims
from device_runtime.trust.client import Client, Fetch
from device_runtime.trust.errors import TrustError
from device_runtime.trust.keyrings import FleetKeys
from device_runtime.trust.pin import ANCHOR, METADATA
from device_runtime.trust.reference_time import ReferenceTime
from device_runtime.trust.sentences import Step, refusal

log = logging.getLogger(__name__)

MAX_ROOT_BYTES = 128 * 1024
ISSUED = "x-issued"
"""Member of the timestamp's signed part: Unix time in seconds when it was signed."""
DIGESTS = "digests"
"""Member of a target's ``custom``: SHA-256 (hex) of the package's ``META-INF/digests.json``."""


@dataclass(frozen=True, slots=True)
class Approved:
    """What the signed metadata says of one target; ``digests`` is empty where it does not say."""

    path: str
    sha256: str
    size: int
    digests: str
    role: str
    role_version: int


class Verifier:
    """What this device believes of its fleet's metadata."""

    def __init__(self, folder: Path, fleet: str, pin: RootTarget, keys: FleetKeys, time: ReferenceTime) -> None:
        """
        Args:
            folder: for what is remembered; it exists.
            fleet: the id of the fleet.
            pin: the root with which trust begins.
            keys: filled from the newest root.
            time: what time it is at least.
        """
        self._folder, self._fleet, self._pin, self._keys, self._time = folder, fleet, pin, keys, time
        self._client: Client | None = None
        self.on_new_signers: Callable[[], None] = lambda: None
        """Called, in whatever thread, when other keys than before sign what is desired."""
        self._anchor = self._recall_anchor()

    @property
    def root_version(self) -> int:
        """Of the newest root; 0 where there is none yet."""
        return self._anchor[0] if self._anchor is not None else 0

    def refresh(self, fetch: Fetch) -> None:
        """Ask for what is newest, and verify it.

        Raises:
            TrustError: it is refused, or does not come; what was believed before stays.
        """
        self._client = None
        client: Client | None = None
        try:
            if self._anchor is None:
                self._begin(fetch)
            assert self._anchor is not None  # noqa: S101 - for mypy; _begin sets it or raises
            client = Client(self._folder / METADATA, self._anchor[1], fetch, self._follow)
            client.refresh()
            told = client.timestamp.unrecognized_fields.get(ISSUED)
            if isinstance(told, int) and not isinstance(told, bool) and told >= 0:
                self._time.note(told)
        except TrustError:
            raise
        except OSError as error:
            raise TrustError(f"the fleet's metadata cannot be kept: {disk_sentence(error)}", cause="fault") from error
        except Exception as error:
            # Whatever hostile bytes make the library raise, it is a refusal.
            if not isinstance(error, RepositoryError | DownloadError):
                log.debug("the metadata made the library fail", exc_info=error)
            step = client.step if client is not None else Step("root", self.root_version)
            loaded = client.expiry if client is not None else lambda _role: None
            raise refusal(error, step, self._time.now(), loaded) from error
        self._client = client

    def find(self, path: str) -> Approved | None:
        """What the metadata of the last refresh says of a target; None when no role names it. May ask the fleet for the
        metadata of roles that were not needed before.

        Raises:
            TrustError: a role's metadata is refused or does not come, or there was no refresh.
        """
        client = self._client
        if client is None:
            raise TrustError("the fleet's metadata was not looked at yet", cause="unreachable")
        try:
            found = client.get_targetinfo(path)
        except OSError as error:
            raise TrustError(f"the fleet's metadata cannot be kept: {disk_sentence(error)}", cause="fault") from error
        except Exception as error:
            if not isinstance(error, RepositoryError | DownloadError):
                log.debug("the metadata made the library fail", exc_info=error)
            self._client = None  # what it holds may be half of something
            raise refusal(error, client.step, self._time.now(), client.expiry) from error
        if found is None:
            return None
        role, version = client.holder(path)
        custom = found.custom or {}
        digests = custom.get(DIGESTS)
        return Approved(
            path,
            found.hashes.get("sha256", ""),
            found.length,
            digests if isinstance(digests, str) else "",
            role,
            version,
        )

    def targets_version(self) -> int:
        """Of the top-level targets of the last refresh; 0 before one."""
        loaded = self._client.expiry("targets") if self._client is not None else None
        return loaded[0] if loaded is not None else 0

    def _begin(self, fetch: Fetch) -> None:
        """Fetch the root that is pinned: nothing but its SHA-256 is asked of it."""
        pin = self._pin
        name = f"{pin.version}.root.json"
        try:
            data = fetch(name, MAX_ROOT_BYTES)
        except (MetadataMissingError, MetadataUnavailableError) as error:
            raise TrustError(
                f"the fleet's metadata of the role root version {pin.version}, with which trust begins, did not come: "
                f"{error}",
                cause="unreachable",
            ) from error
        except MetadataTooLongError as error:
            raise TrustError(
                f"the fleet's metadata of the role root version {pin.version} is refused: {error}"
            ) from error
        found = hashlib.sha256(data).hexdigest()
        if found != pin.sha256:
            raise TrustError(
                f"the fleet's metadata of the role root version {pin.version} is refused: its SHA-256 is "
                f"{found[:12]}..., expected {pin.sha256[:12]}..., which this device was told at its enrollment"
            )
        self._keep_anchor(pin.version, data)

    def _follow(self, root: Root, data: bytes) -> float:
        """A root was reached by signatures from the anchor: remember it, and what it says. Gives the time."""
        claims = read_claims(root.unrecognized_fields, root.version, self._fleet)
        if self._anchor is None or root.version > self._anchor[0]:
            self._keep_anchor(root.version, data)
        self._time.of(generation(root.roles["timestamp"].keyids, claims), claims.issued)
        self._believe(claims)
        return self._time.now()

    def _believe(self, claims: RootClaims) -> None:
        if self._keys.follow(claims):
            log.warning("other keys of the fleet sign what is desired from now on")
            self.on_new_signers()

    def _keep_anchor(self, version: int, data: bytes) -> None:
        write_whole(self._folder / ANCHOR, data)
        self._anchor = (version, data)

    def _recall_anchor(self) -> tuple[int, bytes] | None:
        """The newest root, from the disk; a damaged one is fetched again, from the pin on."""
        path = self._folder / ANCHOR
        try:
            data = path.read_bytes()
            root = Metadata[Root].from_bytes(data)
            root.verify_delegate("root", root)
            claims = read_claims(root.signed.unrecognized_fields, root.signed.version, self._fleet)
        except FileNotFoundError:
            return None
        except (OSError, RepositoryError, TrustError, ValueError, KeyError) as error:
            log.warning("%s is not used (%s); the fleet's roots are fetched again", path, error)
            return None
        self._keys.follow(claims)
        return root.signed.version, data
