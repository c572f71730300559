"""What goes on for hours ends with the session under which it began."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import aiohttp
import pytest

from firmware_tools.fleet.access import middleware, owner
from firmware_tools.fleet.home import FleetHome
from tests.fleet.access.office import Office, Person


async def sign_out(office: Office, ada: Person) -> None:
    await ada.ask("DELETE", "/api/session")


async def disable(office: Office, _ada: Person) -> None:
    await office.owner.ask("PATCH", "/api/operators/ada", {"disabled": True})


async def do_nothing_for_an_hour(office: Office, _ada: Person) -> None:
    office.clock.now += 3601


async def until_it_ends(response: aiohttp.ClientResponse) -> None:
    with contextlib.suppress(aiohttp.ClientError):  # broken off, which is an end too
        while await response.content.readline():
            pass


@pytest.mark.parametrize("end", [sign_out, disable, do_nothing_for_an_hour])
@pytest.mark.parametrize("by", ["cookie", "token"])
async def test_a_watcher_is_cut_off_when_the_session_or_token_ends(
    office: Office, monkeypatch: pytest.MonkeyPatch, end: Callable[[Office, Person], Awaitable[None]], by: str
) -> None:
    monkeypatch.setattr(middleware, "LOOK_EVERY", 0.02)
    ada = await office.worker("ada", "viewer")
    if by == "token":
        ada = await office.token("ada")
    async with (
        aiohttp.ClientSession(headers=ada.headers) as session,
        session.get(office.url + "/api/live") as response,
    ):
        assert await response.content.readline() == b": watching\n"
        if by == "token" and end is do_nothing_for_an_hour:
            office.clock.now += 90 * 86_400
        await end(office, ada)
        async with asyncio.timeout(20):
            await until_it_ends(response)


async def test_a_new_owner_s_token_counts_at_once_and_the_old_one_no_more(office: Office, home: FleetHome) -> None:
    before = home.token()
    owner.renew(home.token_file)
    assert home.token() != before
    answer = await office.owner.ask("GET", "/api/session")
    assert (answer.status, "operator token is missing or wrong" in answer.error) == (401, True)
    renewed = Person(office.url, {"Authorization": f"Bearer {home.token()}"})
    assert (await renewed.ask("GET", "/api/session")).status == 200
    home.token_file.chmod(0o644)
    owner_token = home.token_file.read_text()
    home.token_file.write_text(owner_token)
    assert (await renewed.ask("GET", "/api/session")).status == 401  # whoever reads it would be the owner
    home.token_file.chmod(0o600)
    assert (await renewed.ask("GET", "/api/session")).status == 200
