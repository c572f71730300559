"""The owner's token in the fleet's home: read again when its file changes, so that a new one counts at once."""

import hmac
import logging
import os
import secrets
from pathlib import Path

from firmware_tools.fleet.errors import FleetError

log = logging.getLogger(__name__)


class OwnerToken:
    """The token of a file that only its owner may read."""

    def __init__(self, path: Path) -> None:
        """Read it.

        Raises:
            FleetError: it is missing, or readable by others.
        """
        self._path, self._token, self._seen = path, "", (0, 0)
        self._read()

    def is_token(self, given: str) -> bool:
        """Whether ``given`` is the token that is in the file now. Nothing is, while the file cannot be read."""
        try:
            self._read()
        except FleetError as error:
            if self._token:
                log.error("nobody is the owner any more: %s", error)
            self._token, self._seen = "", (0, 0)
        expected = self._token.encode()
        return bool(expected) and hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected)

    def _read(self) -> None:
        try:
            status = self._path.stat()
            seen = (status.st_mtime_ns, status.st_ino)
            if seen == self._seen:
                return
            if status.st_mode & 0o077:
                raise FleetError(f"{self._path} is readable by others; run: chmod 600 {self._path}")
            self._token, self._seen = self._path.read_text(encoding="utf-8").strip(), seen
        except (OSError, UnicodeDecodeError) as error:
            raise FleetError(f"the operator token {self._path} cannot be read: {error}") from error


def renew(path: Path) -> None:
    """Put a new token in place of the one in ``path``, whole or not at all.

    Raises:
        FleetError: it cannot be written.
    """
    aside = path.with_name(path.name + ".new")
    try:
        aside.unlink(missing_ok=True)
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
            file.flush()
            os.fsync(descriptor)
        aside.replace(path)
    except OSError as error:
        raise FleetError(f"the operator token {path} cannot be written: {error.strerror}") from error
