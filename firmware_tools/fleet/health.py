"""Whether a fleet's service is well: ``GET /healthz``, for load balancers, systemd, containers and monitors.

It needs no token and tells no names. The database is asked at most once a second, however often somebody asks.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

import aiohttp
from aiohttp import web
from sqlalchemy import select

from firmware_tools.fleet.database import Database
from firmware_tools.fleet.errors import FleetError, SilentFleetError, StorageError
from firmware_tools.fleet.schema import fleet_meta

Status = Literal["ok", "degraded", "failing"]
PATH = "/healthz"
_ASK_EVERY = 1.0
_DATABASE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Health:
    """``ok``; ``degraded``: the broker is away, which a restart does not mend; ``failing``: the database does not
    answer, or what arrives is not stored."""

    status: Status
    database: bool
    storing: bool
    broker: bool


class HealthApi:
    """The handler; ``storing`` and ``broker`` say at once whether these are well."""

    def __init__(self, database: Database, storing: Callable[[], bool], broker: Callable[[], bool]) -> None:
        self._database, self._storing, self._broker = database, storing, broker
        self._answers, self._asked_at = False, -_ASK_EVERY
        self._lock = asyncio.Lock()

    def routes(self) -> list[web.RouteDef]:
        """The one route."""
        return [web.get(PATH, self.healthz)]

    async def healthz(self, _request: web.Request) -> web.Response:
        """Whether the service is well: 200 with ``ok`` or ``degraded`` as status, 503 with ``failing``."""
        async with self._lock:
            if time.monotonic() - self._asked_at >= _ASK_EVERY:
                self._answers = await self._ask_database()
                self._asked_at = time.monotonic()
        database, storing, broker = self._answers, self._storing(), self._broker()
        status: Status = "failing" if not (database and storing) else "ok" if broker else "degraded"
        found = Health(status, database, storing, broker)
        return web.json_response(asdict(found), status=503 if status == "failing" else 200)

    async def _ask_database(self) -> bool:
        def ask() -> None:
            with self._database.transaction() as connection:
                connection.scalar(select(fleet_meta.c.value).limit(1))

        try:
            async with asyncio.timeout(_DATABASE_SECONDS):
                await asyncio.to_thread(ask)
        except (StorageError, TimeoutError):
            return False
        return True


async def ask_health(url: str, seconds: float = 10.0) -> Health:
    """What a fleet at this URL says of itself.

    Raises:
        SilentFleetError: nobody answers within so many seconds.
        FleetError: what answers is no fleet that knows of health.
    """
    try:
        timeout = aiohttp.ClientTimeout(total=seconds)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url.rstrip("/") + PATH) as response:
            document: Any = await response.json()
            return Health(**{name: document[name] for name in Health.__slots__})
    except (aiohttp.ContentTypeError, ValueError, KeyError, TypeError) as error:
        raise FleetError(f"what answers at {url} is no fleet, or an older one that does not tell its health") from error
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise SilentFleetError(f"no fleet answers at {url} within {seconds:g} s") from error
