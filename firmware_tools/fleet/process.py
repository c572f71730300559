"""What `cygnet fleet serve` and each of its workers are made of: all that hears devices, stores and answers."""

from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from firmware_tools.fleet.connections import GROUP, ConnectionFiles, FleetConnections
from firmware_tools.fleet.content import ContentStore
from firmware_tools.fleet.content_answers import ContentAnswers
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.home import FleetHome, FleetSettings
from firmware_tools.fleet.identity.authority import Authority
from firmware_tools.fleet.identity.desk import IdentityDesk
from firmware_tools.fleet.identity.keeper import IdentityKeeper
from firmware_tools.fleet.identity.settings import read_identity_settings
from firmware_tools.fleet.operations import Operations
from firmware_tools.fleet.privacy.desk import ErasureDesk
from firmware_tools.fleet.privacy.kept_list import KeptList
from firmware_tools.fleet.pruning import Pruning
from firmware_tools.fleet.service import FleetService
from firmware_tools.fleet.share_groups import share_group
from firmware_tools.fleet.signing import Signer
from firmware_tools.fleet.trust.keeper import TrustKeeper
from firmware_tools.fleet.trust.repository import Repository
from firmware_tools.fleet.trust.root_follower import RootFollower
from firmware_tools.fleet.workers.crew import Crew


@dataclass(frozen=True, slots=True)
class FleetProcess:
    """The parts, put together and not yet running. ``answers``: None where content workers give content."""

    transport: FleetConnections
    trust: TrustKeeper
    signer: Signer
    follower: RootFollower
    answers: ContentAnswers | None
    service: FleetService
    operations: Operations
    authority: Authority
    desk: IdentityDesk
    keeper: IdentityKeeper
    erasures: ErasureDesk
    kept: KeptList

    def answering(self) -> AbstractAsyncContextManager[None]:
        """Content is given for the length of an ``async with`` block, if this process gives any."""
        return self.answers.running() if self.answers is not None else nullcontext()


def make_process(
    home: FleetHome,
    settings: FleetSettings,
    key: Ed25519PrivateKey,
    database: Database,
    crew: Crew | None,
    files: ConnectionFiles | None,
    *,
    lost_after: float,
    writes_broker: bool,
) -> FleetProcess:
    """Put a process together.

    Args:
        home: the fleet.
        settings: read from it.
        key: the fleet's.
        database: opened; it stays the caller's to close.
        crew: the processes that share the work; None for one that is alone.
        files: certificates of its connections.
        lost_after: see :class:`FleetService`.
        writes_broker: this process writes what the broker has to be told of certificates, and the list of erasures;
            one does.

    Raises:
        FleetError: a file of the home or the database cannot be used.
        TransportError: the broker's settings are wrong.
    """
    # Alone, there is one fleet service at a time: a second one would throw the first out, and be thrown out, for ever;
    # the lock on the home prevents that on one machine. Of many, no two have one name.
    name = f"cygnet-fleet-{settings.fleet}"
    with database.transaction() as connection:
        group = share_group(connection, GROUP)
    transport = FleetConnections(settings, f"{name}-{crew.id}" if crew else name, crew, group, files)
    content = ContentStore(home.content)
    trust = TrustKeeper(Repository(home.directory), content)
    signer = Signer(key, content, home.former_keys())
    follower = RootFollower(trust, signer)
    # With content workers it makes nothing and answers nothing: they do.
    answers = None if settings.content_workers else ContentAnswers(home.content, settings.forms_bytes)
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
    operations = Operations(service, key, settings.broker.device_url, trust)
    authority, identity = Authority(home.directory, settings.fleet), read_identity_settings(home.settings_file)
    if not writes_broker:
        identity = replace(identity, broker=None)
    desk = IdentityDesk(service, authority, identity, operations.joining, signer.sign_certificate)
    keeper = IdentityKeeper(service, desk, authority, identity, service.announcer.report_beside)
    service.identities, desk.on_change = desk, keeper.look
    kept = KeptList(home.erasures_file)
    # A worker may run on another machine: the process that serves the fleet takes its erasures over.
    erasures = ErasureDesk(service, signer.sign_receipt, kept if writes_broker else None)
    service.erasures = erasures
    return FleetProcess(
        transport, trust, signer, follower, answers, service, operations, authority, desk, keeper, erasures, kept
    )
