"""A running fleet: database, MQTT service and operator page in one process, from one home directory."""

import asyncio
import fcntl
import logging
import os
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from device_runtime.sync.messages import topic
from device_runtime.sync.transport import MqttTransport, TlsFiles, read_credentials
from firmware_tools.fleet.content import ContentStore
from firmware_tools.fleet.content_answers import ContentAnswers
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.home import BrokerSettings, FleetHome, FleetSettings
from firmware_tools.fleet.moving import copy_database
from firmware_tools.fleet.operations import Operations
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.rollouts.api import RolloutApi
from firmware_tools.fleet.rollouts.operations import PERIOD, RolloutOperations
from firmware_tools.fleet.screen.api import ScreenApi
from firmware_tools.fleet.screen.frame_routes import frame_routes
from firmware_tools.fleet.screen.line import ScreenLine
from firmware_tools.fleet.screen.views import ScreenViews
from firmware_tools.fleet.service import LISTENED, FleetService
from firmware_tools.fleet.signing import Signer
from firmware_tools.fleet.trust.keeper import TrustKeeper
from firmware_tools.fleet.trust.naming import name_root
from firmware_tools.fleet.trust.repository import Repository
from firmware_tools.fleet.web import FleetApi, make_application
from firmware_tools.sign.keys import load_private_key

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RunningFleet:
    """What :func:`run_fleet` gives: where the page is, and the parts behind it."""

    url: str
    service: FleetService
    operations: Operations
    transport: MqttTransport
    rollouts: RolloutOperations


@asynccontextmanager
async def run_fleet(
    home: FleetHome,
    *,
    lost_after: float = 90.0,
    rollout_period: float = PERIOD,
    clock: Callable[[], float] = time.time,
) -> AsyncIterator[RunningFleet]:
    """Run a fleet for the length of an ``async with`` block. A broker that is away is waited for.

    Args:
        home: the fleet.
        lost_after: see :class:`FleetService`.
        rollout_period: seconds between two looks at rollouts.
        clock: by which rollouts go, Unix time in seconds.

    Raises:
        FleetError: the home, its database or its address cannot be used, or is in use.
        PrivateKeyError: the fleet's key cannot be read.
        TransportError: the broker's settings are wrong.
    """
    settings, token, key = home.settings(), home.token(), load_private_key(home.key_file)
    with _only_one(home.lock_file), _listen(settings) as listener:
        database = Database(settings.database or f"sqlite:///{home.database_file.absolute()}")
        transport = _transport(settings)
        content = ContentStore(home.content)
        trust = TrustKeeper(Repository(home.directory), content)
        signer = Signer(key, content, home.former_keys())
        # With workers it makes nothing and answers nothing: they do.
        answers = None if settings.content_workers else ContentAnswers(home.content, settings.forms_bytes)
        service = FleetService(
            settings.fleet,
            key,
            database,
            content,
            transport.publish,
            answers=answers,
            lost_after=lost_after,
            retention=settings.retention,
            signer=signer,
            metadata=trust.repository,
        )
        operations = Operations(service, key, settings.broker.device_url, trust)
        rollouts = RolloutOperations(
            service, period=rollout_period, clock=clock, require_signed=operations.require_signed
        )
        application = make_application(FleetApi(service, operations, transport), token, settings.http_names)
        application.add_routes(RolloutApi(rollouts).routes())
        views = ScreenViews(
            settings.fleet, ScreenLine(transport, signer.sign_order, transport.publish), service.feed.announce
        )
        service.on_screen, service.on_away, service.on_broker_away = views.hear, views.device_gone, views.close
        application.add_routes([*ScreenApi(service, views).routes(), *frame_routes()])
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=2.0)
        try:
            await asyncio.to_thread(_prepare_trust, trust, database, signer)
            answering = answers.running() if answers is not None else nullcontext()
            async with answering, service.running(), _kept(trust, service):
                await runner.setup()
                await web.SockSite(runner, listener).start()
                transport.start(service)
                advancing = asyncio.create_task(rollouts.run())
                advancing.add_done_callback(_log_fault)
                try:
                    yield RunningFleet(_url(settings, listener), service, operations, transport, rollouts)
                finally:
                    advancing.cancel()
                    await asyncio.gather(advancing, return_exceptions=True)
                    await transport.stop()
                    views.close()
                    service.feed.close()
                    await runner.cleanup()
        finally:
            database.close()


def _prepare_trust(trust: TrustKeeper, database: Database, signer: Signer) -> None:
    """Before the first document leaves: it may have to name a root, and what is published has to be signed for."""
    signer.root = trust.named_root()
    with database.transaction() as connection:
        name_root(connection, signer.root)
        trust.settle(Registry(connection))


@asynccontextmanager
async def _kept(trust: TrustKeeper, service: FleetService) -> AsyncIterator[None]:
    task = asyncio.get_running_loop().create_task(trust.run(service.report_metadata_trouble), name="trust")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def copy_fleet_database(home: FleetHome, url: str, progress: Callable[[str, int], None]) -> int:
    """Copy a home's database into an empty one, while nobody serves the fleet; see :func:`copy_database`.

    Raises:
        FleetError: the fleet is being served, or :func:`copy_database` refuses.
    """
    settings = home.settings()
    with _only_one(home.lock_file):
        return copy_database(settings.database or f"sqlite:///{home.database_file}", url, progress)


def _transport(settings: FleetSettings) -> MqttTransport:
    # One fleet service at a time: a second one would throw the first out, and be thrown out, for ever; the lock on the
    # home prevents that on one machine.
    transport = make_transport(settings, f"cygnet-fleet-{settings.fleet}")
    for channel in LISTENED:
        transport.subscribe(topic(settings.fleet, "+", channel))
    return transport


def make_transport(settings: FleetSettings, client_id: str) -> MqttTransport:
    """A client of the fleet's broker, with the fleet's rights there.

    Raises:
        TransportError: the broker's settings are wrong.
    """
    broker = settings.broker
    return MqttTransport(
        broker.url,
        client_id,
        credentials=read_credentials(broker.username, broker.password_file) if broker.username else None,
        tls=_tls(broker),
    )


def _tls(broker: BrokerSettings) -> TlsFiles | None:
    if not broker.url.startswith("mqtts:"):
        return None
    return TlsFiles(broker.ca, broker.cert, broker.key)


def _log_fault(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("rollouts no longer go on: restart the fleet", exc_info=error)


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """Hold the home's lock; the kernel lets go of it however this process ends."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise FleetError(f"the fleet's home {path.parent} cannot be written: {error.strerror}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise FleetError(f"the fleet in {path.parent} is served already by another process") from error
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _listen(settings: FleetSettings) -> Iterator[socket.socket]:
    host, port = settings.http_host, settings.http_port
    try:
        listener = socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=128
        )
    except OSError as error:
        hint = "is another fleet running? http.listen in fleet.toml names the address"
        raise FleetError(f"the operator page cannot listen on {host}:{port}: {error.strerror}; {hint}") from error
    try:
        yield listener
    finally:
        with suppress(OSError):
            listener.close()


def _url(settings: FleetSettings, listener: socket.socket) -> str:
    host = settings.http_host
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared with, not listened on
        host = "127.0.0.1"
    return f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
