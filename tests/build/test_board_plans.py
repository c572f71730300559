"""A program's data plan for boards: what is packaged of it, what a board cannot do, what is published."""

import json
from pathlib import Path
from typing import Any

import pytest

from device_runtime.program.package import seal_package
from device_runtime.sealed.archive import read_archive
from firmware_tools.build.portable.boards import check_for_board, read_board_tables
from firmware_tools.build.portable.plans import PLAN
from firmware_tools.build.program import BuiltProgram
from firmware_tools.build.project_json import SourceError
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.publish import sign_release
from tests.build.python_programs import KEY, PAGE, build, write_program
from tests.privacy.room import item

_EAR = (
    'kind = "micropython"\nname = "ear"\n[flash]\nmethod = "none"\n[microphone]\nsck = 1\nws = 2\nsd = 3\n'
    '[memory]\nfilesystem = "littlefs"\n'
)
_LISTENS = PAGE.replace("import Page", "import Page, call") + (
    "\n    def on_load(self, query):\n        call('inference.listen', session=1)\n"
)
WORDS = item("words", category="speech", destination="device", fields={}, retention_days=0)


def program(folder: Path, *items: Any, page: str = PAGE, plan: bool = True, **own: Any) -> BuiltProgram:
    described = {"app_id": "org.example.p", "version": {"code": 1, "name": "1"}, "language": "python", **own}
    if plan:
        described["data_plan"] = list(items)
    return build(write_program(folder, {"cygnet.json": json.dumps(described), "pages/index/index.py": page}))


def check(built: BuiltProgram, folder: Path) -> str:
    (folder / "ear.toml").write_text(_EAR)
    try:
        check_for_board(built, read_board_tables(str(folder / "ear.toml")))
    except SourceError as error:
        return str(error)
    return ""


def test_the_package_has_what_a_board_must_know_and_no_more(tmp_path: Path) -> None:
    level = {"type": "number", "min": 0, "max": 10, "step": 0.5}
    built = program(
        tmp_path,
        item("clicks", fields={"button": {"type": "choice", "of": ["a", "b"]}, "level": level, "on": "boolean"}),
        WORDS,
        item("settings", category="preferences", destination="device", retention_days=0),
        item("note", derived_from=["speech"], fields={"text": {"type": "text", "max": 40}}, retention_days=7),
    )
    assert built.package.entries[PLAN].decode().splitlines() == [
        "[1,2321929]",
        (
            '["clicks","fleet",["usage"],"improvement","consent",30,"exact",'
            '{"button":["c",1000000,["a","b"]],"level":["n",4392318,0,10,0.5],"on":["b",1000000]}]'
        ),
        '["words","device",["speech"],"improvement","consent",0,"exact",{}]',
        '["note","fleet",["speech","usage"],"improvement","consent",7,"exact",{"text":["t",-1,40]}]',
    ]
    assert check(built, tmp_path) == ""


def test_a_program_without_a_plan_has_none_for_boards_either(tmp_path: Path) -> None:
    assert PLAN not in program(tmp_path, plan=False).package.entries


def test_a_plan_that_says_that_nothing_leaves_is_one(tmp_path: Path) -> None:
    assert program(tmp_path).package.entries[PLAN] == b"[1,0]\n"


ORIGIN = "https://api.example"
WORDY = [item(f"i{n}", reason="x" * 200, destination="device", retention_days=0) for n in range(30)]
MANY = [item(f"item-{number}") for number in range(17)]
LONG = [
    item(f"item-{n}", fields={"w": {"type": "choice", "of": [f"{n}-{m:020}" for m in range(20)]}}) for n in range(9)
]


@pytest.mark.parametrize(
    ("items", "sentence"),
    [
        ([item("a", destination=ORIGIN, paths=["/a"])], f"item a of the data plan goes to {ORIGIN}; ear sends to its"),
        ([item("a", destination="other-device")], "goes to other-device; ear sends to its fleet alone"),
        ([item("a", precision="aggregated", fields={"x": "boolean"})], "counted across the fleet, and ear does not"),
        ([item("a", fields={"x": {"type": "bytes", "max": 9}})], "the field x of the item a is bytes, and ear reports"),
        (MANY, "the data plan has 17 items that matter on ear, which takes 16"),
        (LONG, "bytes for boards, and ear takes 4,096: name fewer choices"),
        (WORDY, "its manifest is"),
    ],
    ids=["an origin", "another device", "aggregated", "bytes", "many items", "long", "a long manifest"],
)  # fmt: skip
def test_what_a_board_cannot_do_is_refused_when_it_is_built_for_it(
    tmp_path: Path, items: list[Any], sentence: str
) -> None:
    built = program(tmp_path, *items, network={"request": [ORIGIN], "socket": []})
    said = check(built, tmp_path)
    assert sentence in said
    assert "\n" not in said


def test_a_program_that_listens_needs_an_item_for_it(tmp_path: Path) -> None:
    said = check(program(tmp_path / "a", item("clicks"), page=_LISTENS), tmp_path)
    assert said.startswith("pages/index/index.py:8: the data plan has no item of the category speech")
    assert check(program(tmp_path / "b", WORDS, page=_LISTENS), tmp_path) == ""
    assert check(program(tmp_path / "c", page=_LISTENS, plan=False), tmp_path) == ""


@pytest.mark.parametrize("other", [b"[1,0]\n", None], ids=["another plan", "no plan"])
def test_another_plan_for_boards_than_that_of_the_manifest_is_not_published(
    tmp_path: Path, other: bytes | None
) -> None:
    entries = dict(read_archive(program(tmp_path, item("clicks")).data))
    sign_release(seal_package(entries, KEY), "p.ma", KEY)
    del entries[PLAN]
    if other is not None:
        entries[PLAN] = other
    with pytest.raises(FleetError, match=r"board\.plan is not what this toolchain makes of the data plan"):
        sign_release(seal_package(entries, KEY), "p.ma", KEY)
