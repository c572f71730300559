"""Package files of the fleet, each named by its SHA-256."""

import hashlib
import os
import re
import tempfile
import zipfile
from pathlib import Path

from device_runtime.sync.messages import BLOCK_BYTES
from firmware_tools.fleet.errors import FleetError, StorageError

_SHA256 = re.compile(r"[0-9a-f]{64}")


class ContentStore:
    """A directory of files that never change once they are there."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def add(self, data: bytes) -> str:
        """Store ``data`` durably and return its SHA-256 (hex).

        Raises:
            StorageError: it cannot be written, for instance because the disk is full; nothing is left behind.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        path = self._directory / sha256
        try:
            if path.exists() and path.stat().st_size == len(data):
                return sha256
            self._directory.mkdir(parents=True, exist_ok=True)
            self._write(path, data)
        except OSError as error:
            raise StorageError(f"the content cannot be stored in {self._directory}: {error.strerror}") from error
        return sha256

    def _write(self, path: Path, data: bytes) -> None:
        """Write beside, then rename: under the final name there is never half a file."""
        descriptor, temporary = tempfile.mkstemp(prefix=".incoming-", dir=self._directory)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(descriptor)
            Path(temporary).replace(path)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise
        directory = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def read_entry(self, sha256: str, name: str) -> bytes:
        """One entry of an archive that was added, without reading the others.

        Raises:
            StorageError: it is not there, cannot be read, or is no longer what was added.
        """
        try:
            with zipfile.ZipFile(self._directory / sha256) as archive:
                return archive.read(name)
        except (zipfile.BadZipFile, KeyError, EOFError, ValueError, NotImplementedError) as error:
            raise StorageError(f"the content {sha256[:16]}… is damaged on the fleet's disk") from error
        except OSError as error:
            raise StorageError(f"the content {sha256[:16]}… cannot be read: {error.strerror}") from error

    def size(self, sha256: str) -> int:
        """The size of a content in bytes, -1 where it is not there."""
        try:
            return (self._directory / sha256).stat().st_size if _SHA256.fullmatch(sha256) else -1
        except OSError:
            return -1

    def read_block(self, sha256: str, offset: int, length: int) -> tuple[bytes, int]:
        """Up to ``length`` bytes from ``offset``, fewer at the end, and the size of the whole content.

        Raises:
            FleetError: no such content, or the range is not inside it or asks for more than a block.
        """
        if not _SHA256.fullmatch(sha256):
            raise FleetError(f"{sha256[:64]!r} is not a SHA-256 in lower-case hexadecimal")
        if not 0 < length <= BLOCK_BYTES:
            raise FleetError(f"a block has 1 to {BLOCK_BYTES} bytes, not {length}")
        try:
            with (self._directory / sha256).open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                if not 0 <= offset < size:
                    raise FleetError(f"offset {offset} is outside the content's {size} bytes")
                file.seek(offset)
                return file.read(length), size
        except FileNotFoundError as error:
            raise FleetError(f"this fleet has no content {sha256[:16]}…") from error
        except OSError as error:
            raise StorageError(f"the content {sha256[:16]}… cannot be read: {error.strerror}") from error
