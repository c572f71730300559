"""Models as the fleet keeps them: published once, shared by programs, assigned, and told to devices."""

import dataclasses
import hashlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from device_runtime.errors import CygnetError
from device_runtime.inference.package import ModelPackage, read_model_package, seal_model
from device_runtime.keys import key_ring
from device_runtime.program.package import read_package
from device_runtime.sealed.archive import read_archive, write_archive
from device_runtime.sealed.seal import DIGESTS
from device_runtime.sync.messages import ModelReport, ModelTarget, ProgramReport, Reported
from firmware_tools.fleet.client import FleetClient
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.documents import device_document
from firmware_tools.fleet.errors import ConflictError, FleetError, NotFoundError
from firmware_tools.fleet.home import FleetHome
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.schema import devices
from firmware_tools.fleet.server import RunningFleet
from firmware_tools.sign.keys import load_private_key
from tests.fleet.devices import connected_device
from tests.fleet.packages import DEVELOPER, small_package
from tests.inference.model_packages import digits_entries, digits_package

LAMP, RADIO = "org.example.lamp", "org.example.radio"


def model(code: int = 1, name: str = "digits") -> ModelPackage:
    return read_model_package(digits_package(code, name, key=DEVELOPER), name, key_ring([DEVELOPER.public_key()]))


class Fleet:
    """A registry with the devices `kitchen` and `hall`, as one transaction sees it."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        for device in ("kitchen", "hall"):
            registry.enroll(device, "", 1.0)

    def program(self, app_id: str, code: int = 1, models: tuple[str, ...] = ()) -> None:
        data = small_package(app_id, code, size=10, models=models)
        package = read_package(data, app_id, key_ring([DEVELOPER.public_key()]))
        self.registry.publish(package.manifest, package.sha256, package.size, 1.0)

    def model(self, code: int = 1, name: str = "digits") -> list[str]:
        return self.registry.publish_model(model(code, name), 1.0)[2]

    def assign(self, app_id: str, code: int | None = None, device: str = "kitchen") -> None:
        self.registry.assign(device, app_id, code, launch=False)

    def report(self, device: str, models: dict[str, ModelReport] | None) -> bool:
        return bool(self.registry.record_reports({device: (Reported(1, 0, "b", "r", {}, models=models), 1.0)}))

    def desired(self, device: str = "kitchen") -> dict[str, int]:
        """What the device should have of models: version codes by name."""
        desired = self.registry.desired.one("north", device, 1.0)
        return {name: target.version_code for name, target in desired.models.items()}

    def version(self, device: str = "kitchen") -> int:
        return self.registry.desired.one("north", device, 1.0).version

    def steps(self, device: str = "kitchen") -> dict[str, str]:
        document = device_document(self.registry.device(device))
        return {entry["name"]: entry["step"] for entry in document["models"]}


@pytest.fixture
def fleet_records() -> Iterator[Fleet]:
    database = Database("sqlite://")
    with database.transaction() as connection:
        yield Fleet(Registry(connection))
    database.close()


def test_a_device_gets_the_models_that_its_programs_ask_for_and_programs_share_them(fleet_records: Fleet) -> None:
    fleet = fleet_records
    fleet.model(1)
    fleet.model(2)
    fleet.program(LAMP, models=("digits",))
    fleet.program(RADIO, models=("digits",))
    fleet.assign(LAMP)
    assert fleet.desired() == {"digits": 2}
    assert fleet.desired("hall") == {}
    version = fleet.version()
    fleet.assign(RADIO)
    assert fleet.version() == version + 1
    fleet.registry.unassign("kitchen", LAMP)
    assert fleet.desired() == {"digits": 2}, "another program still asks for it"
    fleet.registry.unassign("kitchen", RADIO)
    assert fleet.desired() == {}


def test_a_device_that_turns_out_to_take_no_models_loses_those_that_nobody_assigned_to_it(fleet_records: Fleet) -> None:
    fleet = fleet_records
    fleet.model(name="digits")
    fleet.model(name="words")
    fleet.program(LAMP, models=("digits",))
    fleet.assign(LAMP)
    fleet.registry.assign_model("kitchen", "words", None)
    assert fleet.desired() == {"digits": 1, "words": 1}, "nobody has heard of it yet"
    version = fleet.version()
    assert fleet.report("kitchen", None), "its document is published again"
    assert fleet.desired() == {"words": 1}
    assert fleet.version() == version + 1
    assert not fleet.report("kitchen", None)
    assert fleet.report("kitchen", {}), "it has learned to"
    assert fleet.desired() == {"digits": 1, "words": 1}


def test_a_device_that_nobody_has_heard_may_take_models_also_in_a_database_that_was_moved(fleet_records: Fleet) -> None:
    fleet = fleet_records
    fleet.registry.connection.execute(update(devices).values(reported=None))  # JSON's null, as a copy has it
    assert fleet.registry.models.takers(["kitchen", "hall"]) == {"kitchen", "hall"}
    fleet.report("kitchen", None)
    fleet.report("hall", {})
    assert fleet.registry.models.takers(["kitchen", "hall"]) == {"hall"}


def test_a_new_version_of_a_program_that_no_longer_asks_lets_its_model_go(fleet_records: Fleet) -> None:
    fleet = fleet_records
    fleet.model()
    fleet.program(LAMP, 1, models=("digits",))
    fleet.program(LAMP, 2)
    fleet.assign(LAMP, 1)
    assert fleet.desired() == {"digits": 1}
    fleet.assign(LAMP, 2)
    assert fleet.desired() == {}


def test_publishing_gives_nothing_new_to_a_device_that_has_the_model(fleet_records: Fleet) -> None:
    fleet = fleet_records
    fleet.model(1)
    fleet.program(LAMP, models=("digits",))
    fleet.assign(LAMP)
    version = fleet.version()
    assert fleet.model(2) == []
    assert (fleet.desired(), fleet.version()) == ({"digits": 1}, version)
    fleet.assign(LAMP)  # again: its models come in their newest version
    assert (fleet.desired(), fleet.version()) == ({"digits": 2}, version + 1)


def test_a_model_that_a_program_asked_for_in_vain_comes_when_it_is_published(fleet_records: Fleet) -> None:
    fleet = fleet_records
    fleet.program(LAMP, models=("digits", "numbers"))
    fleet.assign(LAMP)
    assert fleet.steps() == {"digits": "unpublished", "numbers": "unpublished"}
    version = fleet.version()
    assert fleet.model() == ["kitchen"]
    assert (fleet.desired(), fleet.version()) == ({"digits": 1}, version + 1)
    assert fleet.steps() == {"digits": "waiting", "numbers": "unpublished"}
    (entry,) = [each for each in device_document(fleet.registry.device("kitchen"))["models"] if each["note"]]
    assert entry["note"] == (
        "org.example.lamp asks for the model numbers, which this fleet does not have; publish it with "
        "`cygnet model publish`"
    )


def test_what_an_operator_assigned_wins_over_what_programs_ask_for(fleet_records: Fleet) -> None:
    fleet = fleet_records
    for code in (1, 2):
        fleet.model(code)
    fleet.program(LAMP, models=("digits",))
    fleet.registry.assign_model("kitchen", "digits", 1)
    fleet.assign(LAMP)
    assert fleet.desired() == {"digits": 1}
    fleet.registry.unassign("kitchen", LAMP)
    assert fleet.desired() == {"digits": 1}, "it was asked for by nobody, but assigned"
    fleet.assign(LAMP)
    assert fleet.registry.unassign_model("kitchen", "digits") == [LAMP]
    assert fleet.desired() == {"digits": 2}, "as programs get it"
    with pytest.raises(ConflictError, match=r"because org\.example\.lamp asks for it; unassign the program instead"):
        fleet.registry.unassign_model("kitchen", "digits")


def test_assigning_what_a_device_should_have_already_changes_no_document(fleet_records: Fleet) -> None:
    fleet = fleet_records
    fleet.model()
    fleet.registry.assign_model("kitchen", "digits", None)
    version = fleet.version()
    fleet.registry.assign_model("kitchen", "digits", 1)
    assert fleet.version() == version
    fleet.program(LAMP, models=("digits",))
    fleet.assign(LAMP)
    fleet.registry.unassign("kitchen", LAMP)
    assert fleet.desired() == {"digits": 1}
    assert fleet.registry.unassign_model("kitchen", "digits") == []
    assert fleet.desired() == {}


def test_a_device_that_takes_no_models_is_told_of_and_gets_none_until_it_does(fleet_records: Fleet) -> None:
    fleet = fleet_records
    fleet.model()
    fleet.program(LAMP, models=("digits",))
    assert not fleet.report("kitchen", None)
    fleet.assign(LAMP)
    assert fleet.desired() == {}
    assert fleet.steps() == {"digits": "unsupported"}
    (entry,) = device_document(fleet.registry.device("kitchen"))["models"]
    assert entry["note"].startswith("device kitchen takes no models from its fleet: it is a microcontroller")
    with pytest.raises(ConflictError, match="device kitchen takes no models from its fleet"):
        fleet.registry.assign_model("kitchen", "digits", None)
    version = fleet.version()
    assert fleet.report("kitchen", {}), "its Cygnet was updated"
    assert (fleet.desired(), fleet.version()) == ({"digits": 1}, version + 1)
    assert not fleet.report("kitchen", {})
    assert fleet.steps() == {"digits": "waiting"}


def test_a_board_that_checks_macs_takes_none_before_it_has_said_a_word(fleet_records: Fleet) -> None:
    fleet = fleet_records
    fleet.model()
    fleet.registry.runtimes.set_key("kitchen", b"k" * 32)
    with pytest.raises(ConflictError, match="takes no models"):
        fleet.registry.assign_model("kitchen", "digits", None)
    fleet.program(LAMP, models=("digits",))
    fleet.assign(LAMP)
    assert fleet.steps() == {"digits": "unsupported"}


TARGET_CODE = 2


@pytest.mark.parametrize(
    ("report", "step"),
    [
        (None, "waiting"),
        (ModelReport(1, "1.0", "installed"), "waiting"),
        (ModelReport(2, "2.0", "downloading", 5, 9), "downloading"),
        (ModelReport(2, "2.0", "installed"), "in step"),
        (ModelReport(2, "2.0", "failed", error="no"), "failed"),
        (ModelReport(1, "1.0", "built-in"), "waiting"),
        (ModelReport(2, "2.0", "built-in"), "in step"),
        (ModelReport(3, "3.0", "built-in"), "in step"),
    ],
)
def test_where_a_model_stands(fleet_records: Fleet, report: ModelReport | None, step: str) -> None:
    fleet_records.model(TARGET_CODE)
    fleet_records.registry.assign_model("kitchen", "digits", None)
    fleet_records.report("kitchen", {"digits": report} if report else {})
    assert fleet_records.steps() == {"digits": step}


def test_a_model_that_came_with_the_device_serves_programs_and_is_shown_for_nobody_else(fleet_records: Fleet) -> None:
    fleet_records.report("kitchen", {"digits": ModelReport(1, "1.0", "built-in")})
    assert fleet_records.steps() == {}
    fleet_records.program(LAMP, models=("digits",))
    fleet_records.assign(LAMP)
    assert fleet_records.steps() == {"digits": "in step"}
    fleet_records.report("kitchen", {"numbers": ModelReport(1, "1.0", "installed")})
    assert fleet_records.steps() == {"digits": "unpublished", "numbers": "removing"}


@pytest.mark.parametrize(
    ("act", "error", "sentence"),
    [
        (lambda r: r.assign_model("cellar", "digits", None), NotFoundError, "device cellar is not enrolled"),
        (
            lambda r: r.assign_model("kitchen", "numbers", None),
            NotFoundError,
            "model numbers is not published",
        ),
        (lambda r: r.assign_model("kitchen", "digits", 7), NotFoundError, "model digits version 7 is not published"),
        (lambda r: r.unassign_model("kitchen", "digits"), NotFoundError, "digits is not assigned to device kitchen"),
        (lambda r: r.publish_model(model(2), 1.0), ConflictError, "as version 2: version 3 .3.0. is published already"),
        (
            lambda r: r.publish_model(dataclasses.replace(model(3), sha256="0" * 64), 1.0),
            ConflictError,
            r"version 3 .3.0. is published with other content; set version.code in its card.toml to 4 or more",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_sentence(
    fleet_records: Fleet, act: Callable[[Registry], object], error: type[FleetError], sentence: str
) -> None:
    fleet_records.model(3)
    version = fleet_records.version()
    with pytest.raises(error, match=sentence) as refusal:
        act(fleet_records.registry)
    assert "\n" not in str(refusal.value)
    assert fleet_records.version() == version


def test_a_device_has_only_as_many_models_as_a_document_holds(
    fleet_records: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firmware_tools.fleet.models.MAX_MODELS", 2)
    for name in ("a", "b", "c"):
        fleet_records.model(1, name)
    fleet_records.program(LAMP, models=("a", "b", "c"))
    fleet_records.assign(LAMP)
    assert fleet_records.desired() == {"a": 1, "b": 1}
    with pytest.raises(FleetError, match="device kitchen has 2 models, which is the most"):
        fleet_records.registry.assign_model("kitchen", "c", None)


NAMES = ("digits", "numbers")
OPERATIONS = st.one_of(
    st.tuples(st.just("publish"), st.sampled_from(NAMES)),
    st.tuples(st.just("assign model"), st.sampled_from(NAMES)),
    st.tuples(st.just("unassign model"), st.sampled_from(NAMES)),
    st.tuples(st.just("assign"), st.sampled_from((LAMP, RADIO)), st.integers(1, 3)),
    st.tuples(st.just("unassign"), st.sampled_from((LAMP, RADIO))),
    st.tuples(st.just("report"), st.booleans()),
)
# What each version of the programs asks for.
ASKS = {
    LAMP: {1: ("digits",), 2: NAMES, 3: ()},
    RADIO: {1: ("numbers",), 2: ("digits",), 3: ()},
}
PACKAGES = {(name, code): model(code, name) for name in NAMES for code in range(1, 5)}


@settings(max_examples=60, deadline=None)
@given(operations=st.lists(OPERATIONS, max_size=14))
def test_whatever_happens_a_document_has_the_right_models_and_a_version_one_content(
    operations: list[tuple[Any, ...]],
) -> None:
    database = Database("sqlite://")
    with database.transaction() as connection:
        fleet = Fleet(Registry(connection))
        for app_id, versions in ASKS.items():
            for code, models in versions.items():
                fleet.program(app_id, code, models)
        published: dict[str, int] = dict.fromkeys(NAMES, 0)
        explicit: set[str] = set()
        programs: dict[str, int] = {}
        takes = True
        seen: dict[int, dict[str, int]] = {}
        for operation in operations:
            try:
                match operation:
                    case ("publish", name) if published[name] < 4:
                        published[name] += 1
                        fleet.registry.publish_model(PACKAGES[name, published[name]], 1.0)
                    case ("assign model", name):
                        fleet.registry.assign_model("kitchen", name, None)
                        explicit.add(name)
                    case ("unassign model", name):
                        fleet.registry.unassign_model("kitchen", name)
                        explicit.discard(name)
                    case ("assign", app_id, int(code)):
                        fleet.assign(app_id, code)
                        programs[app_id] = code
                    case ("unassign", app_id):
                        fleet.registry.unassign("kitchen", app_id)
                        programs.pop(app_id, None)
                    case ("report", bool(takes_now)):
                        fleet.report("kitchen", {} if takes_now else None)
                        takes = takes_now
            except FleetError:
                continue  # refused, and nothing changed
            desired = fleet.desired()
            if takes:
                wanted = {name for app_id, code in programs.items() for name in ASKS[app_id][code] if published[name]}
                assert set(desired) == wanted | explicit
            assert seen.setdefault(fleet.version(), desired) == desired
    database.close()


# Over the wire

pytestmark = pytest.mark.broker


async def test_a_model_is_published_signed_and_told_to_a_device(fleet: RunningFleet, home: FleetHome) -> None:
    await fleet.operations.enroll("kitchen", "")
    release, new, devices = await fleet.operations.publish_model(digits_package(2), "digits")
    assert (release.model, release.version_code, release.task, new, devices) == (
        "digits", 2, "digit-classification", True, []
    )  # fmt: skip
    assert (await fleet.operations.publish_model(digits_package(2), "digits"))[:2] == (release, False)
    key = load_private_key(home.key_file)
    async with connected_device("north", "kitchen", fleet.transport.url) as device:
        await fleet.operations.assign_model("kitchen", "digits", None)
        desired = await device.newest_desired(key.public_key(), 2)
        sealed = seal_model(digits_entries(2), key)
        assert (release.sha256, release.size) == (hashlib.sha256(sealed).hexdigest(), len(sealed))
        listed = hashlib.sha256(read_archive(sealed)[DIGESTS]).hexdigest()
        assert desired.models == {"digits": ModelTarget(2, "2.0", release.sha256, len(sealed), listed)}
        assert await fleet.operations.unassign_model("kitchen", "digits") == []
        assert (await device.newest_desired(key.public_key(), 3)).models == {}


async def test_a_device_whose_program_waits_for_a_model_is_told_when_it_is_published(
    fleet: RunningFleet, home: FleetHome
) -> None:
    await fleet.operations.enroll("kitchen", "")
    await fleet.operations.publish(small_package(models=["digits"]), "lamp")
    await fleet.operations.assign("kitchen", LAMP, None, launch=False)
    key = load_private_key(home.key_file).public_key()
    async with connected_device("north", "kitchen", fleet.transport.url) as device:
        assert (await device.newest_desired(key, 2)).models == {}
        await fleet.operations.publish_model(digits_package(1), "digits")
        assert set((await device.newest_desired(key, 3)).models) == {"digits"}


async def test_a_device_that_learns_to_take_models_is_told_of_those_that_its_programs_ask_for(
    fleet: RunningFleet, home: FleetHome
) -> None:
    await fleet.operations.enroll("kitchen", "")
    await fleet.operations.publish_model(digits_package(1), "digits")
    await fleet.operations.publish(small_package(models=["digits"]), "lamp")
    key = load_private_key(home.key_file).public_key()
    async with connected_device("north", "kitchen", fleet.transport.url) as device:
        await device.report(Reported(1, 1, "b", "r", {}))
        deadline = time.monotonic() + 15
        while (await fleet.service.read(lambda registry, _: registry.device("kitchen"))).reported_at is None:
            assert time.monotonic() < deadline
        await fleet.operations.assign("kitchen", LAMP, None, launch=False)
        assert (await device.newest_desired(key, 2)).models == {}
        await device.report(Reported(1, 2, "b", "r", {LAMP: ProgramReport(1, "1", "installed")}, models={}))
        assert set((await device.newest_desired(key, 3)).models) == {"digits"}


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"junk", "not a whole ZIP file"),
        (write_archive(digits_entries()), "it is not sealed; publish it with `cygnet model publish`"),
        (small_package(size=10), "holds no card.toml"),
        (seal_model({**digits_entries(), "more": b""}, DEVELOPER), "neither the card nor the file"),
        (write_archive({**read_archive(digits_package()), "digits.tflite": b""}), "was altered, added or removed"),
    ],
)
async def test_what_is_no_model_is_not_published(
    fleet: RunningFleet, home: FleetHome, data: bytes, sentence: str
) -> None:
    client = FleetClient(fleet.url, home.token())
    with pytest.raises(CygnetError, match=sentence) as refusal:
        await client.call("POST", "/api/models", data=data)
    assert "\n" not in str(refusal.value)
    assert (await client.call("GET", "/api/models"))["models"] == []


async def test_an_operator_brings_a_model_to_a_device_over_the_api(fleet: RunningFleet, home: FleetHome) -> None:
    client = FleetClient(fleet.url, home.token())
    await client.call("POST", "/api/devices", body={"device": "kitchen"})
    release = await client.call("POST", "/api/models", params={"name": "digits"}, data=digits_package(2))
    assert (release["model"], release["new"], release["devices"]) == ("digits", True, [])
    path = "/api/devices/kitchen/models/digits"
    with pytest.raises(FleetError, match="version_code must be a whole number"):
        await client.call("PUT", path, body={"version_code": "2"})
    assert (await client.call("PUT", path))["version_code"] == 2
    (shown,) = (await client.call("GET", "/api/devices/kitchen"))["models"]
    assert (shown["name"], shown["step"], shown["explicit"]) == ("digits", "waiting", True)
    assert (await client.call("DELETE", path)) == {"programs": []}
    await client.call("POST", "/api/releases", data=small_package(models=["digits", "numbers"]))
    answer = await client.call("PUT", f"/api/devices/kitchen/programs/{LAMP}")
    assert {each["name"]: (each["step"], each["programs"]) for each in answer["models"]} == {
        "digits": ("waiting", [LAMP]),
        "numbers": ("unpublished", [LAMP]),
    }
