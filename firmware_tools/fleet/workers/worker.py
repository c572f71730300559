"""One of any number of processes that hear and store for a fleet: ``cygnet fleet worker``.

It does all that the service does but for the page, the API, rollouts and the keeping of signed metadata. None is
special, and each may be killed at any time.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from firmware_tools.fleet.connections import GROUP, ConnectionFiles, FleetConnections, connection_files
from firmware_tools.fleet.content import ContentStore
from firmware_tools.fleet.content_answers import ContentAnswers
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.home import FleetHome, FleetSettings
from firmware_tools.fleet.identity.authority import Authority, gives_certificates
from firmware_tools.fleet.identity.desk import IdentityDesk
from firmware_tools.fleet.identity.keeper import IdentityKeeper
from firmware_tools.fleet.identity.settings import read_identity_settings
from firmware_tools.fleet.only_one import only_one
from firmware_tools.fleet.operations import Operations
from firmware_tools.fleet.pruning import Pruning
from firmware_tools.fleet.service import FleetService
from firmware_tools.fleet.share_groups import share_group
from firmware_tools.fleet.signing import Signer
from firmware_tools.fleet.trust.keeper import TrustKeeper
from firmware_tools.fleet.trust.repository import Repository
from firmware_tools.fleet.trust.root_follower import RootFollower
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
    content = ContentStore(home.content)
    trust = TrustKeeper(Repository(home.directory), content)
    signer = Signer(key, content, home.former_keys())
    follower = RootFollower(trust, signer)
    follower.read()
    answers = None if settings.content_workers else ContentAnswers(home.content, settings.forms_bytes)
    crew = Crew(database, "worker", lambda: (service.counters.messages, service.counters.records), name)
    # No two clients have one name: they would throw each other out.
    with database.transaction() as connection:
        group = share_group(connection, GROUP)
    transport = FleetConnections(settings, f"cygnet-fleet-{settings.fleet}-{crew.id}", crew, group, files)
    service = FleetService(
        settings.fleet,
        key,
        database,
        content,
        transport.publish,
        answers=answers,
        lost_after=lost_after,
        prune=Pruning(database, settings.retention, settings.rollout_days).some,
        signer=signer,
        metadata=trust.repository,
        flow=transport.telemetry,
        team=crew,
        check_signing=follower.check_signing,
    )
    # What the broker has to be told of certificates is the service's to write.
    authority = Authority(home.directory, settings.fleet)
    identity = replace(read_identity_settings(home.settings_file), broker=None)
    operations = Operations(service, key, settings.broker.device_url, trust)
    desk = IdentityDesk(service, authority, identity, operations.joining)
    keeper = IdentityKeeper(service, desk, authority, identity, service.announcer.report_beside)
    service.identities, desk.on_change = desk, keeper.look
    try:
        answering = answers.running() if answers is not None else nullcontext()
        async with answering, crew.running(), service.running(), keeper.running():
            transport.start(service)
            try:
                yield RunningWorker(service, transport, crew)
            finally:
                await transport.stop()
    finally:
        database.close()
