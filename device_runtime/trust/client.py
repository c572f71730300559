"""TUF's own client, with three changes: the time is given to it, what it keeps survives a power cut, and it notes what
it is at, for sentences.

It overrides private methods of python-tuf 7 (``_load_root``, ``_persist_file``, ``_download_metadata``) and sets
``reference_time``, for none of which there is a public way; ``tests/trust`` fails if a later version lacks them.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from tuf.api.exceptions import DownloadError, DownloadHTTPError, DownloadLengthMismatchError
from tuf.api.metadata import Root, Targets, Timestamp
from tuf.ngclient import Updater, UpdaterConfig
from tuf.ngclient.fetcher import FetcherInterface

from device_runtime.sealed.durable import write_whole
from device_runtime.sync.metadata import MetadataMissingError, MetadataTooLongError, MetadataUnavailableError
from device_runtime.sync.metadata_messages import MAX_METADATA_BYTES
from device_runtime.trust.errors import TrustError
from device_runtime.trust.sentences import Step

Fetch = Callable[[str, int], bytes]
"""Gives the file of metadata of this name, of at most so many bytes. Raises the errors of ``sync.metadata``."""

_BASE = "cygnet:/"
_CONFIG = {
    "max_root_rotations": 256,
    "max_delegations": 64,
    "root_max_length": 128 * 1024,
    "timestamp_max_length": 16 * 1024,
    "snapshot_max_length": 1024 * 1024,
    "targets_max_length": MAX_METADATA_BYTES,
}
_NOT_FOUND = 404


class Client(Updater):
    """One refresh, and then any number of questions about targets. Everything blocks; run it in a thread."""

    def __init__(self, folder: Path, anchor: bytes, fetch: Fetch, when_rooted: Callable[[Root, bytes], float]) -> None:
        """
        Args:
            folder: where python-tuf keeps metadata.
            anchor: a root that is trusted.
            fetch: asks the fleet.
            when_rooted: told of the newest root and its bytes; gives the time that it is then, before anything else is
                looked at.
        """
        self.step = Step()
        self._when_rooted = when_rooted
        self._root_bytes = anchor
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(
            str(folder),
            _BASE,
            fetcher=_Fetcher(fetch),
            config=UpdaterConfig(**_CONFIG),  # type: ignore[arg-type]  # whole numbers all
            bootstrap=anchor,
        )

    @property
    def root(self) -> Root:
        """The newest root."""
        return self._trusted_set.root

    @property
    def timestamp(self) -> Timestamp:
        """The newest timestamp, after a refresh."""
        return self._trusted_set.timestamp

    def expiry(self, role: str) -> tuple[int, str] | None:
        """Version and end of what is loaded for a role; None when nothing is."""
        signed = self._trusted_set.get(role)
        return (signed.version, f"{signed.expires:%Y-%m-%dT%H:%M:%SZ}") if signed is not None else None

    def holder(self, path: str) -> tuple[str, int]:
        """Which role names this target, and that role's version; for sentences, after a question about it."""
        for role, signed in self._trusted_set._trusted_set.items():
            if isinstance(signed, Targets) and path in signed.targets:
                return role, signed.version
        return Targets.type, self._trusted_set.targets.version

    def _load_root(self) -> None:
        super()._load_root()
        newest = Path(self._dir, "root_history", f"{self.root.version}.root.json")
        data = self._root_bytes if not newest.exists() else newest.read_bytes()
        try:
            self._trusted_set.reference_time = _moment(self._when_rooted(self.root, data))
        except TrustError:
            newest.unlink(missing_ok=True)  # it is no root of this fleet: the right one may have the same version
            raise
        self.step = Step(Root.type, self.root.version, data)

    def _download_metadata(self, rolename: str, length: int, version: int | None = None) -> bytes:
        before, self.step = self.step, Step(rolename, version)
        try:
            self.step.data = super()._download_metadata(rolename, length, version)
        except DownloadHTTPError:
            if rolename == Root.type:
                self.step = before  # a root that is not there yet: what follows is about something else
            raise
        return self.step.data

    def _persist_file(self, filename: str, data: bytes) -> None:
        write_whole(Path(filename), data)


class _Fetcher(FetcherInterface):
    """Over the fleet's own channel; bounded before the first byte is asked for."""

    def __init__(self, fetch: Fetch) -> None:
        self._ask = fetch

    def download_bytes(self, url: str, max_length: int) -> bytes:
        """As TUF's, without a file in between."""
        name = url.removeprefix(_BASE)
        try:
            # A length that metadata names is only as good as who signed that.
            return self._ask(name, min(max_length, MAX_METADATA_BYTES))
        except MetadataMissingError as error:
            raise DownloadHTTPError(str(error), _NOT_FOUND) from error
        except MetadataTooLongError as error:
            raise DownloadLengthMismatchError(str(error)) from error
        except MetadataUnavailableError as error:
            raise DownloadError(str(error)) from error

    def _fetch(self, url: str) -> Iterator[bytes]:
        yield self.download_bytes(url, MAX_METADATA_BYTES)


def _moment(now: float) -> datetime:
    try:
        return datetime.fromtimestamp(now, UTC)
    except (OverflowError, ValueError, OSError):
        return datetime.max.replace(tzinfo=UTC)
