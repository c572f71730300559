"""Settings are published in versions, given to devices, and what devices make of them is shown."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from device_runtime.host.settings import SETTINGS
from device_runtime.sync.messages import Reported, SettingReport
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.documents import device_document
from firmware_tools.fleet.errors import ConflictError, FleetError, NotFoundError
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.schema import device_keys
from tests.fleet.test_cli import Operator, init, operator

__all__ = ["operator"]

QUIET: dict[str, Any] = {"update.quiet": False}
NIGHTS: dict[str, Any] = {"update.windows": ["01:00-05:00"]}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{tmp_path}/fleet.db")
    with opened.transaction() as connection:
        for device in ("kitchen", "car", "pico"):
            Registry(connection).enroll(device, "", 1.0)
        connection.execute(insert(device_keys).values(device="pico", key="x"))
    yield opened
    opened.close()


def test_versions_of_a_set_rise_and_the_same_values_are_no_new_version(database: Database) -> None:
    with database.transaction() as connection:
        settings = Registry(connection).settings
        told = [settings.publish("nights", values, 1.0) for values in (NIGHTS, NIGHTS, QUIET, NIGHTS)]
        assert [(release.version_code, new) for release, new in told] == [(1, True), (1, False), (2, True), (3, True)]
        assert [release.version_code for release in settings.all()] == [3, 2, 1]


@pytest.mark.parametrize(
    ("name", "values", "sentence"),
    [
        ("Nights", NIGHTS, "the name 'Nights' of settings must be"),
        ("nights", {}, "a set of settings has at least one of telemetry.daily_bytes"),
        ("nights", {"volume": 3}, "volume is no setting of a device"),
        ("nights", {"update.quiet": "no"}, "update.quiet must be true or false, not 'no'"),
    ],
)
def test_what_no_device_would_follow_is_not_published(
    database: Database, name: str, values: dict[str, Any], sentence: str
) -> None:
    with database.transaction() as connection, pytest.raises(FleetError, match=sentence):
        Registry(connection).settings.publish(name, values, 1.0)


def test_a_device_is_told_of_all_its_sets_in_one_signed_document(database: Database) -> None:
    with database.transaction() as connection:
        registry = Registry(connection)
        registry.settings.publish("nights", NIGHTS, 1.0)
        registry.settings.publish("quiet", QUIET, 1.0)
        before = registry.desired.one("north", "kitchen", 1.0).version
        registry.assign_settings("kitchen", "nights", None)
        registry.assign_settings("kitchen", "quiet", 1)
        desired = registry.desired.one("north", "kitchen", 1.0)
        assert desired.settings == {**NIGHTS, **QUIET}
        assert desired.version == before + 2
        registry.assign_settings("kitchen", "quiet", 1)
        assert registry.desired.one("north", "kitchen", 1.0).version == before + 2, "nothing changed"
        registry.unassign_settings("kitchen", "nights")
        (other,) = registry.desired.of("north", ["kitchen"], 1.0)
        assert other.settings == QUIET
        assert [document.settings for document in registry.desired.all("north", 1.0)].count(QUIET) == 1


def test_what_cannot_be_assigned_is_refused_in_a_sentence(database: Database) -> None:
    with database.transaction() as connection:
        registry = Registry(connection)
        registry.settings.publish("nights", NIGHTS, 1.0)
        registry.settings.publish("evenings", {"update.windows": ["18:00-22:00"]}, 1.0)
        registry.assign_settings("kitchen", "nights", None)
        with pytest.raises(ConflictError, match=r"has update\.windows from its settings nights already"):
            registry.assign_settings("kitchen", "evenings", None)
        with pytest.raises(
            ConflictError, match="device pico follows no settings of its fleet: it is a microcontroller"
        ):
            registry.assign_settings("pico", "nights", None)
        registry.record_reports({"car": (Reported(1, 1, "car", "old", {}), 1.0)})
        with pytest.raises(ConflictError, match="its Cygnet is older"):
            registry.assign_settings("car", "nights", None)
        with pytest.raises(NotFoundError, match="settings nights version 7 are not published"):
            registry.assign_settings("kitchen", "nights", 7)
        with pytest.raises(NotFoundError, match="settings evenings are not assigned to device kitchen"):
            registry.unassign_settings("kitchen", "evenings")
        with pytest.raises(NotFoundError, match="device attic is not enrolled"):
            registry.assign_settings("attic", "nights", None)


REPORTS: list[tuple[dict[str, SettingReport] | None, str, str]] = [
    ({}, "waiting", ""),
    ({"update.quiet": SettingReport(True)}, "waiting", ""),
    ({"update.quiet": SettingReport(False)}, "in step", ""),
    ({"update.quiet": SettingReport(False, "it cannot")}, "failed", "it cannot"),
    ({"update.quiet": SettingReport(True, "it could not")}, "waiting", ""),
    (None, "unsupported", "device kitchen follows no settings of its fleet"),
]


@pytest.mark.parametrize(("reports", "step", "note"), REPORTS)
def test_a_device_shows_what_it_made_of_its_settings(database: Database, reports: Any, step: str, note: str) -> None:
    with database.transaction() as connection:
        registry = Registry(connection)
        registry.settings.publish("quiet", QUIET, 1.0)
        registry.assign_settings("kitchen", "quiet", None)
        (shown,) = device_document(registry.device("kitchen"))["settings"]
        assert shown == {"name": "quiet", "version_code": 1, "values": QUIET, "step": "waiting", "note": ""}
        registry.record_reports({"kitchen": (Reported(1, 2, "speaker", "1", {}, settings=reports), 1.0)})
        for device in (registry.device("kitchen"), registry.devices()[1]):
            (shown,) = device_document(device)["settings"]
            assert (shown["step"], shown["note"][: len(note)]) == (step, note)


async def test_the_command_line_sets_things(operator: Operator, tmp_path: Path) -> None:
    await init(operator)
    file = tmp_path / "nights.toml"
    file.write_text('"telemetry.daily_bytes" = 1000\n[update]\nwindows = ["01:00-05:00"]\n')
    async with operator.serving():
        await operator.expect("enroll", "kitchen")
        said = await operator.expect("settings", "publish", "nights", "--file", str(file), "update.quiet=false")
        assert said == "Settings nights version 1 are published.\n"
        assert "update.idle_minutes" in await operator.expect("settings", "list")
        assert "version 1" in await operator.expect("settings", "assign", "kitchen", "nights")
        answer = json.loads(await operator.expect("devices", "--json"))
        (shown,) = answer["devices"][0]["settings"]
        assert shown["values"] == {**NIGHTS, **QUIET, "telemetry.daily_bytes": 1000}
        await operator.expect("settings", "unassign", "kitchen", "nights")
        for wrong, sentence in (
            (("publish", "nights", "update.quiet=off"), "the value of update.quiet is not JSON: 'off'"),
            (("publish", "nights", "update.quiet"), "'update.quiet' is no SETTING=VALUE"),
            (("publish", "nights", "update.quiet=3"), "update.quiet must be true or false, not 3"),
            (("unassign", "kitchen", "nights"), "settings nights are not assigned to device kitchen"),
        ):
            result = await operator.run("settings", *wrong)
            assert result.code != 0
            assert sentence in result.err


def test_the_page_lists_every_setting_as_it_is_checked() -> None:
    page = (Path(__file__).parents[2] / "docs/fleet.md").read_text(encoding="utf-8")
    rows = [f"| `{setting.name}` | {setting.range} | {setting.doc} |" for setting in SETTINGS.values()]
    assert "\n".join(rows) in page
