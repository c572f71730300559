"""Claims and certificates in both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from device_runtime.sync.certificates import Holder, new_key
from device_runtime.sync.claim_codes import signing_key
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.errors import ConflictError
from firmware_tools.fleet.identity.authority import Authority
from firmware_tools.fleet.identity.brokers.rights import rights_of
from firmware_tools.fleet.identity.certificates import Certificates
from firmware_tools.fleet.identity.claims import DAY, Claims
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
        states = {claim.id: claim.state for claim in claims.all(NOW + 1)}
        assert [states[each.claim.id] for each in made] == ["used", "revoked", "open", "open"]


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
