"""A running fleet, and people who come to it by HTTP, each with what their browser or command line keeps."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from firmware_tools.fleet.home import FleetHome
from firmware_tools.fleet.server import RunningFleet, run_fleet

PASSWORD = "correct horse battery staple"  # noqa: S105 - of nobody
OTHER = "another long pass phrase"


@dataclass
class Answer:
    status: int
    body: Any
    headers: dict[str, str]
    cookies: dict[str, Any]

    @property
    def error(self) -> str:
        return str(self.body.get("error", ""))


@dataclass
class Clock:
    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Person:
    """``headers`` go with each request."""

    url: str
    headers: dict[str, str] = field(default_factory=dict)

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        jar = aiohttp.DummyCookieJar()
        async with (
            aiohttp.ClientSession(cookie_jar=jar) as session,
            session.request(
                method,
                self.url + path,
                json=body if not isinstance(body, bytes) else None,
                data=body if isinstance(body, bytes) else None,
                headers={**self.headers, **headers},
            ) as response,
        ):
            text = await response.text()
            document = await response.json() if text.startswith("{") and "\n" not in text.strip() else text
            cookies = dict(response.cookies.items())
            return Answer(response.status, document, dict(response.headers), cookies)

    async def get(self, path: str) -> Any:
        answer = await self.ask("GET", path)
        assert answer.status == 200, answer
        return answer.body


@dataclass
class Office:
    """``owner`` holds the operator token; ``clock`` is the fleet's."""

    fleet: RunningFleet
    owner: Person
    clock: Clock

    @property
    def url(self) -> str:
        return self.fleet.url

    async def hire(self, name: str, role: str, password: str = PASSWORD) -> None:
        """Make an account."""
        answer = await self.owner.ask("POST", "/api/operators", {"name": name, "role": role, "password": password})
        assert answer.status == 201, answer

    async def try_to_sign_in(self, name: Any, password: Any, **headers: str) -> Answer:
        body = {"name": name, "password": password}
        return await Person(self.url, {"Origin": self.url}).ask("POST", "/api/session", body, **headers)

    async def sign_in(self, name: str, password: str = PASSWORD) -> Person:
        """Somebody in front of the page."""
        answer = await self.try_to_sign_in(name, password)
        assert answer.status == 200, answer
        cookie = answer.cookies["cygnet_session"].value
        return Person(self.url, {"Origin": self.url, "Cookie": f"cygnet_session={cookie}"})

    async def worker(self, name: str, role: str) -> Person:
        """Somebody with an account, signed in."""
        await self.hire(name, role)
        return await self.sign_in(name)

    async def token(self, name: str, by: Person | None = None, **body: Any) -> Person:
        """Somebody with a token of an account."""
        answer = await (by or self.owner).ask("POST", f"/api/operators/{name}/tokens", {"name": "ci", **body})
        assert answer.status == 201, answer
        return Person(self.url, {"Authorization": f"Bearer {answer.body['token']}"})

    async def audit(self, query: str = "") -> list[dict[str, Any]]:
        """The entries of the log, the oldest first."""
        found = await self.owner.get(f"/api/audit?limit=1000{query}")
        return list(reversed(found["entries"]))


@asynccontextmanager
async def open_office(home: FleetHome, clock: Clock | None = None) -> AsyncIterator[Office]:
    """Run the fleet of a home; no broker needs to be there."""
    clock = clock or Clock()
    async with run_fleet(home, clock=clock) as fleet:
        yield Office(fleet, Person(fleet.url, {"Authorization": f"Bearer {home.token()}"}), clock)
