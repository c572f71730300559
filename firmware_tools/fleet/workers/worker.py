"""One of any number of processes that hear and store for a fleet: ``cygnet fleet worker``.

It does all that the service does but for the page, the API, rollouts and the keeping of signed metadata. None is
special, and each may be killed at any time.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from firmware_tools.fleet.connections import ConnectionFiles, FleetConnections, connection_files
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.home import FleetHome, FleetSettings
from firmware_tools.fleet.identity.authority import gives_certificates
from firmware_tools.fleet.only_one import only_one
from firmware_tools.fleet.process import make_process
from firmware_tools.fleet.service import FleetService
from firmware_tools.fleet.workers.crew import Crew
from firmware_tools.sign.keys import load_private_key


@dataclass(frozen=True, slots=True)
class RunningWorker:
    """What :func:`run_worker` gives."""

    service: FleetService
    transport: FleetConnections
    crew: Crew


@asynccontextmanager
async def run_worker(home: FleetHome, number: int = 0, *, lost_after: float = 90.0) -> AsyncIterator[RunningWorker]:
    """Run a worker for the length of an ``async with`` block. A broker that is away is waited for.

    Args:
        home: the fleet; on another machine, a copy of its settings and keys, with the same ``content`` and ``trust``.
        number: its name among those of this machine, which may run once; 0: it has none.
        lost_after: see :class:`FleetService`.

    Raises:
        FleetError: the home or its database cannot be used, or is for one process only; or this number runs already.
        PrivateKeyError: the fleet's key cannot be read.
        TransportError: the broker's settings are wrong.
    """
    settings, key = home.settings(), load_private_key(home.key_file)
    if not settings.database.startswith("postgresql"):
        raise FleetError(
            f"the fleet in {home.directory} keeps its data in SQLite, which is for `cygnet fleet serve` alone: move it "
            "to PostgreSQL with `cygnet fleet copy-database`, then start workers"
        )
    if not number and gives_certificates(home.directory, settings.broker):
        raise FleetError(
            "each client of this fleet's broker has a certificate of its own: make one with `cygnet fleet identity "
            "service worker-1`, write the broker's configuration again, and start this worker with --number 1"
        )
    name = f"worker-{number}" if number else ""
    files = connection_files(home.directory, settings.broker, name)
    lock = home.directory / f"{name}.lock"
    with only_one(lock, f"{name} of the fleet in {home.directory} runs already") if number else nullcontext():
        async with _working(home, settings, key, name, files, lost_after) as worker:
            yield worker


@asynccontextmanager
async def _working(
    home: FleetHome,
    settings: FleetSettings,
    key: Ed25519PrivateKey,
    name: str,
    files: ConnectionFiles | None,
    lost_after: float,
) -> AsyncIterator[RunningWorker]:
    database = Database(settings.database)
    crew = Crew(database, "worker", lambda: (service.counters.messages, service.counters.records), name)
    process = make_process(home, settings, key, database, crew, files, lost_after=lost_after, writes_broker=False)
    service, transport = process.service, process.transport
    process.follower.read()
    try:
        async with process.answering(), crew.running(), service.running(), process.keeper.running():
            transport.start(service)
            try:
                yield RunningWorker(service, transport, crew)
            finally:
                await transport.stop()
    finally:
        database.close()
