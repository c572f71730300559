"""Programs in the layout of W3C MiniApp Packaging: checked as far as the specification goes."""

import json
from pathlib import Path

import pytest

from firmware_tools.build.dialects import SourceError, load_project
from firmware_tools.build.w3c import check_folder, check_layout

MANIFEST = {
    "app_id": "org.example.miniapp",
    "name": "Demo",
    "icons": [{"src": "common/icon.png"}],
    "pages": ["pages/index/index"],
    "platform_version": {"min_code": 1},
    "version": {"code": 1, "name": "1.0.0"},
}
FILES = {
    "manifest.json": json.dumps(MANIFEST, indent=1),
    "app.js": "",
    "app.css": "",
    "common/icon.png": "",
    "pages/index/index.html": "<p>Hello</p>",
    "pages/index/index.css": "",
    "pages/index/index.js": "",
    "i18n/en-US.json": '{"title": "Demo"}',
    "i18n/zh-Hans.json": '{"title": "演示"}',
}


def check(files: dict[str, str]) -> list[str]:
    return check_layout(list(files), lambda name: files[name].encode())


def test_the_layout_of_the_specification_has_no_fault() -> None:
    assert check(FILES) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"app.css": None}, "app.css: the root of a package must hold it"),
        ({"app.js": None}, "app.js: the root of a package must hold it"),
        ({"manifest.json": None}, "manifest.json: the root of a package must hold it"),
        ({"pages/index/index.html": None}, "manifest.json: the page 'pages/index/index' has no pages/index/index.html"),
        ({"common/icon.png": None}, "manifest.json: the icon 'common/icon.png' is not in the package"),
        ({"manifest.json": "{\n"}, "manifest.json:2:1: not JSON"),
        (
            {"manifest.json": json.dumps(MANIFEST | {"icons": []}, indent=1)},
            "manifest.json: the member icons is missing; it must be a list of at least one icon",
        ),
        (
            {"manifest.json": json.dumps(MANIFEST | {"dir": "up"}, indent=1)},
            'manifest.json:19: dir must be "ltr", "rtl" or "auto", not "up"',
        ),
        (
            {"manifest.json": json.dumps(MANIFEST | {"widgets": [{"name": "w", "path": "widgets/w"}]})},
            "manifest.json: the widget 'widgets/w' has no widgets/w.html in the package",
        ),
        ({"common/a:b.js": ""}, "'common/a:b.js': 'a:b.js' is no name of a file"),
        ({"common/a\ue000.js": ""}, "is no name of a file"),
        ({"common/ends./x.js": ""}, "'ends.' is no name of a file"),
        ({"common/" + "a" * 256: ""}, "a file's name has at most 255 bytes"),
        ({"Common/x.js": ""}, "Common/x.js: 'common' and 'Common' differ in capitals only"),
        (
            {"common/\u00e9.js": "", "common/e\u0301.js": ""},
            "common/e\u0301.js: '\u00e9.js' and 'e\u0301.js' differ in capitals only",
        ),
        ({"i18n/english language.json": "{}"}, "a file of i18n is called by its language tag"),
        ({"i18n/en.txt": "{}"}, "a file of i18n is called by its language tag"),
        ({"i18n/fr.json": '{\n"a": 1,}'}, "i18n/fr.json:2:8: not JSON"),
        ({"i18n/fr.json": "[]"}, "i18n/fr.json:1: must hold one JSON object"),
    ],
)
def test_what_breaks_the_specification_is_named(change: dict[str, str | None], fault: str) -> None:
    files = {name: text for name, text in (FILES | change).items() if text is not None}
    faults = check(files)
    assert len(faults) == 1
    assert fault in faults[0]


def test_a_folder_without_pages_is_named() -> None:
    files = {name: text for name, text in FILES.items() if not name.startswith("pages/")}
    assert "pages/: a package must have this folder" in check(files)


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def test_building_such_a_program_says_what_the_specification_leaves_open(tmp_path: Path) -> None:
    folder = write(tmp_path / "demo", FILES | {".git/x:y": ""})
    assert check_folder(folder) == []
    with pytest.raises(SourceError, match="is a W3C MiniApp without a fault, but no specification says what its"):
        load_project(folder)


def test_building_a_faulty_one_names_its_first_fault(tmp_path: Path) -> None:
    manifest = json.dumps(MANIFEST | {"window": {"orientation": "up"}}, indent=1)
    folder = write(tmp_path / "demo", FILES | {"manifest.json": manifest})
    with pytest.raises(SourceError) as error:
        load_project(folder)
    sentence = 'window.orientation must be "portrait" or "landscape", not "up" (W3C MiniApp Packaging)'
    assert str(error.value) == f"{folder}/manifest.json:20: {sentence}"
