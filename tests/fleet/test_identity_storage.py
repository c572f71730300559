"""Claims and certificates in both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from device_runtime.sync.certificates import Holder, new_key
from device_runtime.sync.claim_codes import signing_key
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.errors import ConflictError, NotFoundError
from firmware_tools.fleet.identity.authority import Authority
from firmware_tools.fleet.identity.brokers.rights import rights_of
from firmware_tools.fleet.identity.certificates import Certificates
from firmware_tools.fleet.identity.claims import DAY, Claims, State
from firmware_tools.fleet.identity.profiles import issue_client
from firmware_tools.fleet.share_groups import share_group

NOW = 1_795_000_000.0


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    yield made
    made.close()


def test_a_claim_lives_from_open_to_used_revoked_or_expired(database: Database) -> None:
    with database.transaction() as connection:
        made = Claims(connection).create(4, None, ["b", "a", "b"], 2, NOW)
    used, revoked, expired, _ = made
    with database.transaction() as connection:
        claims = Claims(connection)
        row = claims.find(signing_key(used.code).public_key().public_bytes_raw())
        assert row is not None
        assert (row["id"], row["tags"]) == (used.claim.id, ["a", "b"])
        assert claims.use(used.claim.id, "kitchen", "ab", NOW + 1)
        assert not claims.use(used.claim.id, "hall", "cd", NOW + 1)
        claims.revoke(revoked.claim.id, NOW + 1)
        claims.revoke(revoked.claim.id, NOW + 2)
        assert not claims.use(revoked.claim.id, "hall", "cd", NOW + 3)
        assert not claims.use(expired.claim.id, "hall", "cd", NOW + 3 * DAY)
        with pytest.raises(ConflictError, match="used by kitchen"):
            claims.revoke(used.claim.id, NOW)
        assert claims.counts(NOW + 1) == {"used": 1, "revoked": 1, "expired": 0, "open": 2}
        assert claims.counts(NOW + 3 * DAY) == {"used": 1, "revoked": 1, "expired": 2, "open": 0}
        states = {claim.id: claim.state for claim in claims.page(None, "", "", 10, NOW + 1).claims}
        assert [states[each.claim.id] for each in made] == ["used", "revoked", "open", "open"]


def walked(claims: Claims, limit: int, state: State | None = None, words: str = "") -> list[str]:
    """The ids on all pages."""
    found, after = list[str](), ""
    while True:
        page = claims.page(state, words, after, limit, NOW + 10)
        found += [claim.id for claim in page.claims]
        assert len(page.claims) <= limit
        if page.next is None:
            assert page.total == len(found)
            return found
        after = page.next


def test_claims_are_read_a_page_at_a_time_newest_first_and_none_twice(database: Database) -> None:
    with database.transaction() as connection:
        claims = Claims(connection)
        made = [claims.create(5, None, [f"batch:{number}"], 2, NOW + number) for number in range(3)]
        newest_first = [id_ for batch in reversed(made) for id_ in sorted(new.claim.id for new in batch)]
        for limit in (1, 2, 5, 7, 15, 100):
            assert walked(claims, limit) == newest_first
        page = claims.page(None, "", "", 4, NOW + 10)
        claims.create(3, None, [], 2, NOW + 9)
        behind = claims.page(None, "", page.next or "", 100, NOW + 10)
        assert [claim.id for claim in (*page.claims, *behind.claims)] == newest_first, "newer ones shift no page"
        with pytest.raises(NotFoundError, match="there is no claim"):
            claims.page(None, "", "ffffffffffff", 10, NOW)


def test_claims_are_found_by_state_and_by_a_part_of_an_id_a_tag_or_a_device(database: Database) -> None:
    with database.transaction() as connection:
        claims = Claims(connection)
        (porch,) = claims.create(1, "porch", [], 2, NOW)
        tagged = claims.create(2, None, ["line:2", "x_y"], 2, NOW)
        (used,) = claims.create(1, None, [], 2, NOW)
        claims.use(used.claim.id, "kitchen-1", "ab", NOW + 1)
        claims.revoke(porch.claim.id, NOW + 1)
        both = sorted(each.claim.id for each in tagged)
        found = {
            words: walked(claims, 3, None, words) for words in ("por", "KITCHEN", "ine:2", "x_y", "xzy", '", "', "%")
        }
        assert found == {
            "por": [porch.claim.id],
            "KITCHEN": [used.claim.id],
            "ine:2": both,
            "x_y": both,
            "xzy": [],
            '", "': [],
            "%": [],
        }
        assert walked(claims, 3, None, used.claim.id[2:9]) == [used.claim.id]
        states: dict[State, list[str]] = {
            "open": both,
            "used": [used.claim.id],
            "revoked": [porch.claim.id],
            "expired": [],
        }
        assert {state: walked(claims, 1, state) for state in states} == states
        assert walked(claims, 1, "used", "porch") == []


def test_certificates_are_good_until_they_expire_or_are_revoked(database: Database, tmp_path: Path) -> None:
    authority = Authority(tmp_path, "north", clock=lambda: NOW)
    authority.found(None)
    issuer, key = authority.issuer(), new_key()
    serials = {}
    with database.transaction() as connection:
        certificates = Certificates(connection)
        marks = [certificates.mark()]
        for name, days in (("kitchen", 10), ("hall", 100), ("attic", 100)):
            made = issue_client(issuer, Holder("north", "device", name), key.public_key(), NOW, days)
            serials[name] = certificates.record(made, issuer.id, NOW)
            marks.append(certificates.mark())
        assert certificates.bar("attic", "stolen", NOW + 5) == 1
        marks.append(certificates.mark())
        assert len(set(marks)) == len(marks), "each change is noticed"
    with database.transaction() as connection:
        certificates = Certificates(connection)
        assert certificates.good(serials["kitchen"], "kitchen", NOW + DAY) is not None
        assert certificates.good(serials["kitchen"], "hall", NOW + DAY) is None
        assert certificates.good(serials["kitchen"], "kitchen", NOW + 11 * DAY) is None
        assert certificates.good(serials["attic"], "attic", NOW + DAY) is None
        assert [revoked.serial for revoked in certificates.revoked_by(issuer.id, NOW + DAY)] == [
            int(serials["attic"], 16)
        ]
        assert certificates.revoked_by(issuer.id, NOW + 101 * DAY) == []
        counts = certificates.counts(issuer.id, NOW + DAY, 30 * DAY)
        assert (counts.devices, counts.of_former_ca, counts.expiring, counts.barred) == (2, 0, ["kitchen"], 1)
        assert certificates.counts("another", NOW + DAY, 1).of_former_ca == 2
        rights = rights_of(connection, "north", NOW + DAY)
        assert [device.user for device in rights.devices] == ["hall", "kitchen"]
        assert rights.barred == ["attic"]
        again = issue_client(issuer, Holder("north", "device", "attic"), key.public_key(), NOW, 100)
        certificates.record(again, issuer.id, NOW + 6)
        assert certificates.barred() == set()


def test_the_name_of_a_group_is_one_for_all_that_have_the_database_and_no_other(database: Database) -> None:
    with database.transaction() as connection:
        name = share_group(connection, "cygnet-content")
    with database.transaction() as connection:
        assert share_group(connection, "cygnet-content") == name
    assert len(name) == len("cygnet-content-") + 16
