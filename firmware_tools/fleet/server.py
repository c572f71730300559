"""A running fleet: database, MQTT service and operator page in one process, from one home directory."""

import asyncio
import logging
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext, suppress
from dataclasses import dataclass

from aiohttp import web

from firmware_tools.fleet.access.control import AccessControl
from firmware_tools.fleet.access.owner import OwnerToken
from firmware_tools.fleet.audit.keeper import AuditKeeper
from firmware_tools.fleet.connections import FleetConnections, connection_files
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.going_on import going_on
from firmware_tools.fleet.health import HealthApi
from firmware_tools.fleet.home import FleetHome, FleetSettings
from firmware_tools.fleet.identity.api import IdentityApi
from firmware_tools.fleet.identity.authority import FLEET_SERVICE
from firmware_tools.fleet.moving import copy_database
from firmware_tools.fleet.only_one import only_one
from firmware_tools.fleet.operations import Operations
from firmware_tools.fleet.process import make_process
from firmware_tools.fleet.rollouts.operations import PERIOD, RolloutOperations
from firmware_tools.fleet.routes import Parts, make_routes
from firmware_tools.fleet.screen.frame_routes import frame_routes
from firmware_tools.fleet.screen.line import ScreenLine
from firmware_tools.fleet.screen.views import ScreenViews
from firmware_tools.fleet.service import FleetService
from firmware_tools.fleet.team import Alone
from firmware_tools.fleet.web import make_application
from firmware_tools.fleet.workers.crew import Crew
from firmware_tools.fleet.workers.roll import check_nobody_works
from firmware_tools.sign.keys import load_private_key

log = logging.getLogger(__name__)
MAX_URL = 64 * 1024
"""The longest first line of a request, in bytes: any query that the API's description allows fits."""


@dataclass(frozen=True, slots=True)
class RunningFleet:
    """What :func:`run_fleet` gives: where the page is, and the parts behind it."""

    url: str
    service: FleetService
    operations: Operations
    transport: FleetConnections
    rollouts: RolloutOperations
    application: web.Application
    crew: Crew | None
    """The processes that share its work; None where it is alone."""


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
    settings, key = home.settings(), load_private_key(home.key_file)
    owner = OwnerToken(home.token_file)
    files = connection_files(home.directory, settings.broker, FLEET_SERVICE)
    with served_once(home), _listen(settings) as listener:
        database = Database(settings.database or f"sqlite:///{home.database_file.absolute()}")
        crew = Crew(database, "serve", lambda: (service.counters.messages, service.counters.records))
        team = crew if database.takes_many else None
        process = make_process(home, settings, key, database, team, files, lost_after=lost_after, writes_broker=True)
        service, operations, transport = process.service, process.operations, process.transport
        keeper, trust, follower = process.keeper, process.trust, process.follower
        rollouts = RolloutOperations(
            service, period=rollout_period, clock=clock, require_signed=operations.require_signed
        )
        control = AccessControl(service, owner, settings.access, names=settings.http_names, clock=clock)
        audit = AuditKeeper(
            database,
            settings.fleet,
            key,
            home.former_keys(),
            home.audit_file,
            seconds=settings.access.sign_seconds,
            clock=clock,
        )
        identities = IdentityApi(service, process.authority, process.desk, keeper.look)
        line = ScreenLine(transport.main, process.signer.sign_order, transport.publish)
        views = ScreenViews(settings.fleet, line, service.feed.announce)
        service.hearing.on_screen, service.hearing.on_away = views.hear, views.device_gone
        service.on_broker_away = views.close
        parts = Parts(
            service, operations, transport, rollouts, control, audit, team, identities, trust, views, process.erasures
        )
        application = make_application(make_routes(parts), control)
        health = HealthApi(database, storing=lambda: not service.trouble, broker=lambda: transport.connected)
        application.add_routes([*health.routes(), *frame_routes()])
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=2.0, max_line_size=MAX_URL)
        try:
            await asyncio.to_thread(follower.prepare, database, team or Alone())
            await asyncio.to_thread(process.kept.do_again, database)  # before anybody can read what was erased
            on_the_roll = team.running() if team is not None else nullcontext()
            told = service.announcer.report_beside
            async with (
                process.answering(),
                on_the_roll,
                service.running(),
                going_on(trust.run(told), "trust"),
                going_on(process.kept.run(database), "erasures"),
                going_on(follower.run(service, team or Alone(), told), "root"),
                _signed(audit, service),
                keeper.running(),
            ):
                await runner.setup()
                await web.SockSite(runner, listener).start()
                transport.start(service)
                try:
                    async with going_on(rollouts.run(), "rollouts"):
                        url = _url(settings, listener)
                        yield RunningFleet(url, service, operations, transport, rollouts, application, team)
                finally:
                    await transport.stop()
                    views.close()
                    service.feed.close()
                    await runner.cleanup()
        finally:
            control.close()
            database.close()


@asynccontextmanager
async def _signed(audit: AuditKeeper, service: FleetService) -> AsyncIterator[None]:
    """The audit log is signed while the fleet runs, and once more at its end."""
    try:
        async with going_on(audit.run(service.announcer.report_beside), "audit"):
            yield
    finally:
        try:
            await audit.sign()
        except FleetError as error:
            log.error("the end of the audit log is not signed: %s", error)


def copy_fleet_database(home: FleetHome, url: str, progress: Callable[[str, int], None]) -> int:
    """Copy a home's database into an empty one, while nobody serves the fleet; see :func:`copy_database`.

    Raises:
        FleetError: the fleet is being served, or :func:`copy_database` refuses.
    """
    settings = home.settings()
    with served_once(home):
        if settings.database:
            check_nobody_works(settings.database)
        return copy_database(settings.database or f"sqlite:///{home.database_file}", url, progress)


def served_once(home: FleetHome) -> AbstractContextManager[None]:
    """Held by the process that serves a fleet.

    Raises:
        FleetError: another process holds it; or the home cannot be written.
    """
    return only_one(home.lock_file, f"the fleet in {home.directory} is served already by another process")


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
