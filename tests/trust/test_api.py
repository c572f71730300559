"""What the API says of who signs: the same that devices go by."""

from pathlib import Path
from typing import Any

import pytest

from firmware_tools.fleet.content import ContentStore
from firmware_tools.fleet.models import ModelRelease
from firmware_tools.fleet.records import Release
from firmware_tools.fleet.trust import ceremony
from firmware_tools.fleet.trust.api import trust_document
from firmware_tools.fleet.trust.keeper import TrustKeeper
from firmware_tools.fleet.trust.releases import offer, published, withdraw
from firmware_tools.fleet.trust.settings import DAY
from tests.trust.world import ACME_APP, APP, World, offer_of


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def document(world: World, *releases: Release | ModelRelease) -> Any:
    return trust_document(TrustKeeper(world.repository, ContentStore(world.home.content)), list(releases))


def release(world: World, app_id: str, code: int = 1, sha256: str = "") -> Release:
    """A published release with the content that was offered for signing, or with other content."""
    target = published(world.repository).get(f"programs/{app_id}/{code}.ma")
    return Release(
        app_id, app_id, code, f"1.{code}", sha256 or (target.hashes["sha256"] if target else "0" * 64), 9, 0.0
    )


def signature(world: World, app_id: str, code: int = 1, sha256: str = "") -> dict[str, Any]:
    found = document(world, release(world, app_id, code, sha256))["releases"]
    assert [(one["kind"], one["subject"], one["version_code"]) for one in found] == [("program", app_id, code)]
    answer: dict[str, Any] = found[0]["signature"]
    return answer


def test_without_a_root_of_trust_the_fleets_key_decides_alone(world: World) -> None:
    found = document(world, Release(APP, "Lamp", 1, "1.1", "0" * 64, 9, 0.0))
    assert (found["active"], found["begun"], found["roles"], found["delegations"]) == (False, False, [], [])
    assert found["releases"][0]["signature"] is None


def test_roles_have_their_holders_thresholds_and_expiry(world: World) -> None:
    world.begin()
    world.add_acme()
    found = document(world)
    roles = {role["name"]: role for role in found["roles"]}
    assert [key["holder"] for key in roles["root"]["keys"]] == ["anna", "ben", "carla"]
    assert (roles["root"]["threshold"], roles["root"]["state"]) == (2, "good")
    assert roles["timestamp"]["state"] == "good"  # a day at most, and the fleet renews it by itself
    acme, house = found["delegations"]
    assert (acme["name"], acme["house"], acme["paths"], acme["releases"]) == (
        "acme",
        False,
        ["programs/com.acme.*/*"],
        1,
    )
    assert (house["house"], house["releases"]) == (True, 1)
    world.now += 340 * DAY
    roles = {role["name"]: role["state"] for role in document(world)["roles"]}
    assert (roles["root"], roles["timestamp"]) == ("soon", "expired")
    world.now += 30 * DAY
    assert {role["name"]: role["state"] for role in document(world)["roles"]}["root"] == "expired"


def test_a_signature_names_who_signed_for_this_content_and_no_other(world: World) -> None:
    world.begin()
    world.add_acme()
    assert signature(world, ACME_APP) | {"expires": 0} == {
        "state": "signed", "role": "acme", "by": ["acme"], "threshold": 1, "expires": 0,
    }  # fmt: skip
    assert signature(world, APP)["role"] == "house"
    other = signature(world, ACME_APP, sha256="f" * 64)
    assert (other["state"], other["by"], other["expires"]) == ("waiting", [], None)
    world.now += 400 * DAY
    assert signature(world, ACME_APP)["state"] == "expired"


def test_what_waits_was_withdrawn_or_belongs_to_nobody_is_called_so(world: World) -> None:
    world.begin(house=False)
    world.add_acme()
    assert signature(world, "org.example.lamp", sha256="0" * 64)["state"] == "nobody"
    offer(world.repository, [offer_of(ACME_APP, 2)])
    assert signature(world, ACME_APP, 2)["state"] == "waiting"
    waiting = document(world)["waiting"]
    assert [(one["role"], one["signed"], one["missing"], one["threshold"]) for one in waiting] == [
        ("acme", [], ["acme"], 1)
    ]
    world.sign("acme", "acme")
    assert signature(world, ACME_APP, 2)["state"] == "signed"
    withdraw(world.repository, f"programs/{ACME_APP}/2.ma")
    assert signature(world, ACME_APP, 2)["state"] == "withdrawn"


def test_a_developer_who_may_sign_no_more_answers_for_nothing(world: World) -> None:
    world.begin()
    world.add_acme()
    sha256 = release(world, ACME_APP).sha256
    ceremony.remove_developer(world.repository, "acme")
    world.sign("targets", "tess")
    found = signature(world, ACME_APP, sha256=sha256)
    assert (found["state"], found["role"], found["by"]) == ("waiting", "house", [])
