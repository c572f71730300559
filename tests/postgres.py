"""A PostgreSQL of one's own: a cluster in a temporary folder, reached by a Unix socket, never the system's."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

_USER = "nobody"
"""Who runs the server where the tests are root's: PostgreSQL refuses to be."""


def _tool(name: str) -> str:
    """A program of PostgreSQL, which Debian keeps off the PATH."""
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    found = str(places[0]) if places else shutil.which(name)
    assert found, "PostgreSQL is missing: run deploy/system_tools.sh"
    return found


class Postgres:
    """One server. ``url`` names a database of it that is new and empty."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._data, self._count = folder, folder / "data", 0

    @property
    def folder(self) -> Path:
        """Where its socket is; its user is ``cygnet``, who needs no password."""
        return self._folder

    def url(self) -> str:
        """The SQLAlchemy URL of another empty database."""
        self._count += 1
        name = f"fleet{self._count}"
        self.make_database(name)
        return f"postgresql+psycopg://cygnet@/{name}?host={quote(str(self._folder))}"

    def make_database(self, name: str) -> None:
        """Make an empty database of this name."""
        self._run("createdb", "-h", str(self._folder), "-U", "cygnet", name)

    def start(self) -> None:
        """Start, or start again after :meth:`kill`."""
        options = f"-c listen_addresses='' -c unix_socket_directories='{self._folder}'"
        self._run("pg_ctl", "-D", str(self._data), "-w", "-o", options, "-l", str(self._folder / "log"), "start")

    def kill(self) -> None:
        """End at once, as ``kill -9`` of the whole server would: the next start recovers from the log."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "-m", "immediate", "stop")

    def make(self) -> None:
        """Make the cluster."""
        self._run("initdb", "-D", str(self._data), "-U", "cygnet", "-A", "trust", "--no-sync")

    def _run(self, tool: str, *arguments: str) -> None:
        user = _USER if os.geteuid() == 0 else None
        done = subprocess.run(
            [_tool(tool), *arguments],
            user=user,
            group="nogroup" if user else None,
            extra_groups=[] if user else None,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # the server keeps what pg_ctl gives it, and a pipe would never end
            stderr=subprocess.DEVNULL,
            check=False,
        )
        log = self._folder / "log"
        said = log.read_text() if log.exists() else ""
        assert done.returncode == 0, f"{tool} ends with {done.returncode}: {said[-2000:]}"


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A server for the length of a ``with`` block, in a folder of its own: a socket's path may have 107 characters."""
    folder = Path(tempfile.mkdtemp(prefix="cygnet-pg-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, _USER, "nogroup")
        server = Postgres(folder)
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
