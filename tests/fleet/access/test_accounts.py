"""Accounts, tokens and the slowing down of guesses in the database, on SQLite and PostgreSQL."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from firmware_tools.fleet.access.accounts import Accounts, check_name
from firmware_tools.fleet.access.identity import Role
from firmware_tools.fleet.access.settings import AccessSettings, access_settings
from firmware_tools.fleet.access.throttle import Throttle
from firmware_tools.fleet.access.tokens import Tokens
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.errors import ConflictError, FleetError, NotFoundError

NOW = 1_800_000_000.0


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.close()


def within(database: Database, work: Callable[[Accounts], Any]) -> Any:
    with database.transaction() as connection:
        return work(Accounts(connection, NOW))


def hire(database: Database, **people: Role) -> None:
    with database.transaction() as connection:
        for name, role in people.items():
            Accounts(connection, NOW).create(name, role, "hash")


def test_the_last_admin_stays_while_there_are_accounts(database: Database) -> None:
    hire(database, ada="admin", bob="admin", eve="viewer")
    within(database, lambda accounts: accounts.change("bob", disabled=True))
    for work in (
        lambda accounts: accounts.change("ada", role="operator"),
        lambda accounts: accounts.change("ada", disabled=True),
        lambda accounts: accounts.change("ada", role="admin", disabled=True),
        lambda accounts: accounts.remove("ada"),
    ):
        with pytest.raises(ConflictError, match="ada is the last admin that is enabled"):
            within(database, work)
    assert [(a.name, a.role, a.disabled) for a in within(database, Accounts.all)] == [
        ("ada", "admin", False),
        ("bob", "admin", True),
        ("eve", "viewer", False),
    ]
    within(database, lambda accounts: accounts.remove("bob"))
    within(database, lambda accounts: accounts.remove("eve"))
    within(database, lambda accounts: accounts.remove("ada"))  # and then there are none
    assert within(database, Accounts.all) == []


def test_two_admins_who_remove_each_other_at_once_leave_one(database: Database) -> None:
    hire(database, ada="admin", bob="admin", eve="viewer")
    within(database, lambda accounts: accounts.change("eve", role="operator"))  # the lock's row is there
    refused: list[str] = []

    def remove() -> None:
        try:
            within(database, lambda accounts: accounts.remove("bob"))
        except FleetError as error:
            refused.append(str(error))

    other = threading.Thread(target=remove)
    with database.transaction() as connection:
        Accounts(connection, NOW).remove("ada")
        other.start()
        other.join(0.5)  # it waits for the end of this transaction; else it is done by now, and bob gone
    other.join()
    assert [a.name for a in within(database, Accounts.all) if a.role == "admin"] == ["bob"]
    assert len(refused) == 1


@pytest.mark.parametrize("name", ["owner", "fleet", "cygnet", "nobody", "", "Ada", "a b", "x" * 65, "é", "-a", 7, None])
def test_names_that_would_mean_somebody_else_or_nobody_are_refused(name: Any) -> None:
    with pytest.raises(FleetError):
        check_name(name)


def test_what_is_not_there_is_named(database: Database) -> None:
    for work in (
        lambda accounts: accounts.account("eve"),
        lambda accounts: accounts.change("eve", role="viewer"),
        lambda accounts: accounts.remove("\ud800"),
        lambda accounts: accounts.set_password("eve\x00", "hash"),
    ):
        with pytest.raises(NotFoundError, match="there is no account"):
            within(database, work)
    hire(database, ada="admin")
    with pytest.raises(ConflictError, match="there is an account ada already"):
        hire(database, ada="viewer")


def test_a_token_is_known_until_it_expires_or_is_revoked_and_only_by_its_hash(database: Database) -> None:
    hire(database, ada="operator")
    with database.transaction() as connection:
        tokens = Tokens(connection, NOW)
        made, secret = tokens.create("ada", "ci", NOW + 100)
        other, _ = tokens.create("ada", "other", NOW + 100)
        known = tokens.find(secret)
        assert known is not None
        assert (known.actor.name, known.actor.role) == ("ada", "operator")
        assert secret not in str(tokens.all("ada"))
        assert Tokens(connection, NOW + 100).find(secret) is None
        assert tokens.find(secret + "x") is None
        assert tokens.find("\ud800\x00") is None
        with pytest.raises(NotFoundError):
            tokens.revoke("bob", made.id)
        tokens.revoke("ada", made.id)
        assert tokens.find(secret) is None
        assert [token.id for token in tokens.all("ada")] == [other.id]
        with pytest.raises(NotFoundError, match="ada has no token"):
            tokens.revoke("ada", "\x00")


def test_delays_double_by_account_and_address_and_are_forgotten_after_a_day(database: Database) -> None:
    def attempt(name: str, address: str, now: float) -> float:
        with database.transaction() as connection:
            return Throttle(connection, now).begin(name, address).wait

    now, waits = NOW, []
    for number in range(16):
        wait = attempt("ada", f"198.51.100.{number}", now)
        if wait:
            waits.append(wait)
            now += wait
            assert attempt("ada", f"198.51.100.{number}", now) == 0
    # 300 s at most: who guesses cannot lock somebody out for ever.
    assert waits == [*(2.0**power for power in range(9)), 300.0, 300.0]
    assert attempt("bob", "203.0.113.2", now) == 0
    assert attempt("ada", "203.0.113.3", now + 86_400 + 400) == 0
    assert attempt("ada", "203.0.113.3", now + 86_400 + 400) == 0


def test_one_address_is_slowed_down_whatever_names_it_tries(database: Database) -> None:
    def attempt(number: int, address: str) -> float:
        with database.transaction() as connection:
            return Throttle(connection, NOW).begin(f"name{number}", address).wait

    assert [attempt(number, f"2001:db8::{number:x}") > 0 for number in range(25)] == [False] * 20 + [True] * 5
    assert attempt(99, "2001:db8:0:1::1") == 0  # of another network


def test_who_has_an_account_cannot_reset_what_their_address_has_guessed(database: Database) -> None:
    heard = 0
    for number in range(40):
        with database.transaction() as connection:
            throttle = Throttle(connection, NOW)
            heard += throttle.begin(f"name{number}", "203.0.113.1").wait == 0
            if throttle.begin("mallory", "203.0.113.1").wait == 0:
                throttle.succeeded("mallory", "203.0.113.1")
    assert heard <= 20


def test_a_hundred_guesses_at_once_are_counted_as_a_hundred(database: Database) -> None:
    heard: list[float] = []

    def guess() -> None:
        for _ in range(6):
            try:
                with database.transaction() as connection:
                    heard.append(Throttle(connection, NOW).begin("ada", "203.0.113.1").wait)
            except FleetError:
                continue  # SQLite: somebody else wrote

    threads = [threading.Thread(target=guess) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard.count(0.0) <= 5


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"proxy": []}, "access.proxy is not a member"),
        ({"proxies": "127.0.0.1"}, "access.proxies must be a list"),
        ({"proxies": ["10.0.0.1/8"]}, "has host bits set"),
        ({"proxies": [1]}, "access.proxies must be a list"),
        ({"idle_minutes": 0}, "access.idle_minutes must be a whole number from 1 to"),
        ({"session_hours": True}, "access.session_hours must be a whole number"),
        ({"token_days": 1.5}, "access.token_days must be a whole number"),
    ],
)
def test_a_wrong_setting_names_the_file_and_the_member(table: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(FleetError, match=sentence) as refusal:
        access_settings(table, tmp_path / "fleet.toml")
    assert str(tmp_path / "fleet.toml") in str(refusal.value)


def test_settings_are_read() -> None:
    assert access_settings({}, Path("fleet.toml")) == AccessSettings()
    found = access_settings({"proxies": ["10.0.0.0/8", "::1"], "idle_minutes": 5}, Path("fleet.toml"))
    assert [found.trusts(address) for address in ("10.1.2.3", "::1", "11.0.0.1", "unix:", "")] == [
        *[True, True],
        *[False] * 3,
    ]
    assert found.idle_minutes == 5
