"""Models, settings and runtimes of microcontrollers are rolled out as programs are."""

from typing import Any

import pytest
from sqlalchemy import insert, select, update

from firmware_tools.fleet.errors import FleetError, NotFoundError
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.rollouts.store import RolloutStore
from firmware_tools.fleet.schema import device_keys, devices, model_releases, runtimes
from tests.fleet.rollouts.scene import Scene


def make(scene: Scene, kind: Any, subject: str, version: str | int | None = None, **plan: Any) -> int:
    with scene.database.transaction() as connection:
        document = {"query": "all", "soak": 0, **plan}
        number = RolloutStore(connection).create(kind, subject, version, document, "", "ada", scene.now).id
    scene.verbs("ada", "start", number)
    return number


def report(scene: Scene, device: str, **members: Any) -> None:
    with scene.database.transaction() as connection:
        version = connection.scalar(select(devices.c.desired_version).where(devices.c.id == device))
        reported = {"desired_version": version, "programs": {}, **members}
        connection.execute(update(devices).where(devices.c.id == device).values(reported=reported))


@pytest.fixture
def models(scene: Scene) -> Scene:
    scene.enroll(4)
    with scene.database.transaction() as connection:
        for code in (1, 2):
            values = {"model": "words", "version_code": code, "version_name": f"1.{code}", "task": "", "size": 10}
            connection.execute(insert(model_releases).values(**values, sha256=f"{code:064}", published_at=1.0))
        connection.execute(insert(device_keys).values(device="d00003", key="x"))
    return scene


def model_versions(scene: Scene) -> dict[str, int]:
    with scene.database.transaction() as connection:
        assigned = Registry(connection).models.assigned()
    return {device: models["words"].target.version_code for device, models in assigned.items() if "words" in models}


def test_a_model_goes_to_those_that_take_models_and_comes_back_when_it_is_rolled_back(models: Scene) -> None:
    with models.database.transaction() as connection:
        Registry(connection).assign_model("d00000", "words", 1)
    number = make(models, "model", "words", urgent=True)
    models.settle(number)
    assert model_versions(models) == dict.fromkeys(["d00000", "d00001", "d00002"], 2)
    with models.database.transaction() as connection:
        assert Registry(connection).models.assigned("d00001")["d00001"]["words"].target.urgent
    assert models.who(number, "skipped") == ["d00003"], "a microcontroller takes no models"
    built_in = {"version_code": 3, "version_name": "3", "phase": "built-in"}
    installed = {"version_code": 2, "version_name": "2", "phase": "installed"}
    report(models, "d00000", models={"words": installed})
    report(models, "d00001", models={"words": built_in})
    report(models, "d00002", models={"words": {**installed, "phase": "failed", "error": "no space", "cause": "space"}})
    assert models.settle(number).reason == "1 of 3 devices failed; at most 10% may"
    assert models.states(number) == {"good": 2, "failed": 1, "skipped": 1}
    models.verbs("ada", "abort", number, back=True)
    models.settle(number)
    assert model_versions(models) == {"d00000": 1}


def test_a_runtime_goes_to_microcontrollers(scene: Scene) -> None:
    scene.enroll(2)
    with scene.database.transaction() as connection:
        for version in ("0.1.0", "0.2.0"):
            values = {"sha256": f"{version:0>64}", "size": 10, "published_at": float(version[2])}
            connection.execute(insert(runtimes).values(version=version, **values))
        Registry(connection).assign_runtime("d00000", "0.1.0")
    number = make(scene, "runtime", "", query="all", errors="50%", success="50%")
    scene.settle(number)
    report(scene, "d00000", runtime="0.2.0")
    report(scene, "d00001", runtime="0.1.0", runtime_error="the board went back to 0.1.0")
    assert scene.settle(number).state == "done"
    assert scene.states(number) == {"good": 1, "failed": 1}
    scene.verbs("ada", "abort", number, back=True)
    scene.settle(number)
    with scene.database.transaction() as connection:
        targets = Registry(connection).runtimes.targets()
    assert {device: target.version for device, target in targets.items()} == {"d00000": "0.1.0"}


@pytest.mark.parametrize(
    ("kind", "subject", "version", "sentence"),
    [
        ("program", "com.none", None, "com.none is not published; publish it with `cygnet fleet publish`"),
        ("model", "words", 9, "words version 9 is not published; publish it with `cygnet model publish`"),
        ("model", "words", "new", "the version 'new' is no version code"),
        ("runtime", "", "9", "runtime 9 is not published"),
        ("runtime", "", None, "no runtime is published"),
    ],
)
def test_what_is_not_published_is_not_rolled_out(
    models: Scene, kind: Any, subject: str, version: Any, sentence: str
) -> None:
    with pytest.raises(FleetError, match=sentence):
        make(models, kind, subject, version)


def test_a_group_that_is_not_there_is_told_at_once(models: Scene) -> None:
    with pytest.raises(NotFoundError, match="there is no group nowhere"):
        make(models, "model", "words", query="", group="nowhere")


def followed(scene: Scene) -> dict[str, int]:
    with scene.database.transaction() as connection:
        assigned = Registry(connection).settings.assigned()
    return {device: release.version_code for device, (release,) in assigned.items()}


def test_settings_go_to_those_that_follow_settings_and_come_back_when_they_are_rolled_back(scene: Scene) -> None:
    scene.enroll(4)
    with scene.database.transaction() as connection:
        registry = Registry(connection)
        for minutes in (5, 10):
            registry.settings.publish("patient", {"update.idle_minutes": minutes}, 1.0)
        registry.assign_settings("d00000", "patient", 1)
        connection.execute(insert(device_keys).values(device="d00003", key="x"))
    number = make(scene, "settings", "patient")
    scene.settle(number)
    assert followed(scene) == dict.fromkeys(["d00000", "d00001", "d00002"], 2)
    assert scene.who(number, "skipped") == ["d00003"], "a microcontroller follows no settings"
    report(scene, "d00000", settings={"update.idle_minutes": {"value": 10, "error": ""}})
    report(scene, "d00001", settings={"update.idle_minutes": {"value": 10, "error": "this board has no screen"}})
    report(scene, "d00002", settings={"update.idle_minutes": {"value": 5, "error": ""}})
    rollout = scene.settle(number)
    assert rollout.reason == "1 of 3 devices failed; at most 10% may"
    assert rollout.what() == "settings patient version 2"
    assert scene.states(number) == {"good": 1, "failed": 1, "handed": 1, "skipped": 1}
    scene.verbs("ada", "abort", number, back=True)
    scene.settle(number)
    assert followed(scene) == {"d00000": 1}


def test_a_rollout_of_settings_that_are_not_published_is_refused(scene: Scene) -> None:
    scene.enroll(1)
    with pytest.raises(NotFoundError, match="settings patient are not published; publish them with"):
        make(scene, "settings", "patient")
