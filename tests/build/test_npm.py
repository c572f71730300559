"""Packages of npm reach a program as WeChat's developer tool brings them, and only as far as they are used."""

import json
from pathlib import Path
from typing import Any

import pytest

from device_runtime.errors import CygnetError
from firmware_tools.build.program import BuiltProgram, build_program
from tests.build.programs import KEY, build, component, page, view_of, write


def package(name: str, folder: str = "node_modules", **members: Any) -> dict[str, str]:
    """The ``package.json`` of an installed package."""
    return {f"{folder}/{name}/package.json": json.dumps({"name": name, **members})}


def depends(*names: str, path: str = "package.json") -> dict[str, str]:
    return {path: json.dumps({"dependencies": dict.fromkeys(names, "*"), "devDependencies": {"dev": "*"}})}


def below(folder: str, files: dict[str, str]) -> dict[str, str]:
    return {f"{folder}/{name}": text for name, text in files.items()}


def npm_entries(built: BuiltProgram) -> list[str]:
    """The entries of the package that came from npm, without ``miniprogram_npm/`` in front."""
    return sorted(name.removeprefix("miniprogram_npm/") for name in built.package.entries if "miniprogram_npm/" in name)


def test_a_package_of_components_gives_its_miniprogram_folder(tmp_path: Path) -> None:
    button = component("button/index", script="require('../common/x'); Component({})")
    files = {**button, "common/x.js": "", "common/y.js": "", "button/a.png": "", "button/README.md": "", "x.ts": ""}
    built = build(
        tmp_path,
        page("<b/>", {"b": "lib/button/index"}),
        depends("lib"),
        package("lib", miniprogram="dist"),
        below("node_modules/lib/dist", files),
        below("node_modules/lib", component("button/index")),
    )
    assert npm_entries(built) == [
        "lib/button/a.png", "lib/button/index.js", "lib/button/index.json", "lib/button/index.view", "lib/common/x.js",
    ]  # fmt: skip
    assert view_of(built)["components"]["b"]["path"] == "miniprogram_npm/lib/button/index"


def test_a_package_without_that_member_may_have_a_miniprogram_dist(tmp_path: Path) -> None:
    files = below("node_modules/@o/lib/miniprogram_dist", component("index"))
    built = build(tmp_path, page("<b/>", {"b": "@o/lib"}), depends("@o/lib"), package("@o/lib"), files)
    assert "@o/lib/index.view" in npm_entries(built)


@pytest.mark.parametrize(
    ("members", "files", "entries"),
    [
        ({}, {"index.js": ""}, ["lib/index.js", "lib/package.json"]),
        ({"main": "lib/main"}, {"lib/main.js": ""}, ["lib/lib/main.js", "lib/package.json"]),
        ({"main": "./lib"}, {"lib/index.js": "require('./a')", "lib/a.js": "", "lib/b.js": "", "index.js": "("},
         ["lib/lib/a.js", "lib/lib/index.js", "lib/package.json"]),
        ({"main": "a.js"}, {"a.js": "exports.d = require('./d.json')", "d.json": "{}", "e.css": ""},
         ["lib/a.js", "lib/d.json", "lib/package.json"]),
        ({"main": "a.cjs"}, {"a.cjs": ""}, ["lib/a.cjs", "lib/package.json"]),
    ],
)  # fmt: skip
def test_any_other_package_gives_what_its_main_file_requires(
    tmp_path: Path, members: dict[str, str], files: dict[str, str], entries: list[str]
) -> None:
    built = build(
        tmp_path,
        {**page("<view/>"), "pages/a/a.js": "const lib = require('lib'); Page({})"},
        depends("lib", "other"),
        package("lib", **members),
        package("other"),
        {"node_modules/other/index.js": ""},
        below("node_modules/lib", files),
    )
    assert npm_entries(built) == entries


def test_what_a_package_depends_on_comes_with_it_nested_as_it_is_installed(tmp_path: Path) -> None:
    """Two versions of one package stay apart."""
    built = build(
        tmp_path,
        {**page("<view/>"), "pages/a/a.js": "import a from 'a'; require('c'); Page({})"},
        depends("a", "c"),
        package("a", dependencies={"b": "*", "c": "1"}),
        package("b"),
        package("c"),
        package("c", "node_modules/a/node_modules"),
        {
            "node_modules/a/index.js": "require('b'); require('c')",
            "node_modules/a/node_modules/c/index.js": "1",
            "node_modules/b/index.js": "",
            "node_modules/c/index.js": "2",
        },
    )
    assert [name for name in npm_entries(built) if name.endswith(".js")] == [
        "a/index.js", "a/miniprogram_npm/c/index.js", "b/index.js", "c/index.js",
    ]  # fmt: skip
    assert built.package.entries["miniprogram_npm/a/miniprogram_npm/c/index.js"] == b"1"


def test_packages_in_a_store_of_links_are_found(tmp_path: Path) -> None:
    """pnpm keeps packages in one folder and links to them."""
    store = "node_modules/.pnpm"
    directory = write(
        tmp_path,
        {
            "app.json": '{"pages": ["pages/a/a"]}',
            "app.js": "App(require('a'))",
            **page("<view/>"),
            **depends("a"),
            **package("a", f"{store}/a@1/node_modules", dependencies={"b": "*"}),
            f"{store}/a@1/node_modules/a/index.js": "require('b')",
            **package("b", f"{store}/a@1/node_modules"),
            f"{store}/a@1/node_modules/b/index.js": "",
        },
    )
    (directory / "node_modules/a").symlink_to(directory / store / "a@1/node_modules/a")
    names = [name for name in npm_entries(build_program(directory, KEY)) if name.endswith(".js")]
    assert names == ["a/index.js", "a/miniprogram_npm/b/index.js"]


def test_a_package_that_was_built_already_stays_as_it_is(tmp_path: Path) -> None:
    built = build(
        tmp_path,
        {**page("<view/>"), "pages/a/a.js": "require('lib'); require('more'); Page({})"},
        depends("lib", "more"),
        package("lib"),
        package("more"),
        {
            "miniprogram_npm/lib/index.js": "built",
            "node_modules/lib/index.js": "installed",
            "node_modules/more/index.js": "installed",
        },
    )
    assert built.package.entries["miniprogram_npm/lib/index.js"] == b"built"
    assert built.package.entries["miniprogram_npm/more/index.js"] == b"installed"


def test_each_folder_with_a_package_json_has_packages_of_its_own(tmp_path: Path) -> None:
    built = build(
        tmp_path,
        {
            **page("<view/>", path="sub/p/p"),
            "sub/p/p.js": "require('lib'); Page({})",
            "pages/a/a.wxml": "",
            "pages/a/a.js": "",
        },
        depends("lib", path="sub/package.json"),
        package("lib", "sub/node_modules"),
        {"sub/node_modules/lib/index.js": ""},
        app={"subPackages": [{"root": "sub/", "pages": ["p/p"], "independent": True}], "preloadRule": {}},
    )
    assert "sub/miniprogram_npm/lib/index.js" in built.package.entries
    assert "sub/package.json" not in built.package.entries
    assert [part.root for part in built.package.manifest.subpackages] == ["sub"]


@pytest.mark.parametrize("manual", [True, False])
def test_packages_may_be_installed_beside_the_programs_folder(tmp_path: Path, manual: bool) -> None:
    relation = [{"packageJsonPath": "./tools/package.json", "miniprogramNpmDistDir": "./mini/"}]
    settings = {"miniprogramRoot": "mini/"}
    if manual:
        settings |= {"setting": {"packNpmManually": True, "packNpmRelationList": relation}}  # type: ignore[dict-item]
    place = "tools/" if manual else ""
    directory = write(
        tmp_path,
        {
            "project.config.json": json.dumps(settings),
            **below("mini", {"app.json": '{"pages": ["pages/a/a"]}', "app.js": "require('lib')", **page("<view/>")}),
            **below(place or ".", {**depends("lib"), **package("lib"), "node_modules/lib/index.js": ""}),
        },
    )
    assert "miniprogram_npm/lib/index.js" in build_program(directory, KEY).package.entries


def test_a_target_outside_of_the_program_is_refused(tmp_path: Path) -> None:
    relation = [{"packageJsonPath": "package.json", "miniprogramNpmDistDir": "../up"}]
    settings = json.dumps({"setting": {"packNpmManually": True, "packNpmRelationList": relation}})
    with pytest.raises(CygnetError, match=r"project\.config\.json: miniprogramNpmDistDir '\.\./up' is not inside"):
        build(tmp_path, page("<view/>"), {"project.config.json": settings})


def test_a_package_that_is_not_installed_is_named(tmp_path: Path) -> None:
    (warning,) = build(tmp_path, page("<b/>", {"b": "@o/lib/button/index"}), depends("@o/lib")).warnings
    assert "for <b>; package.json asks for @o/lib: run npm install first; an empty box stands in for it" in warning


def test_a_damaged_package_counts_by_its_index(tmp_path: Path) -> None:
    built = build(
        tmp_path,
        {**page("<view/>"), "pages/a/a.js": "require('lib'); Page({})"},
        depends("lib"),
        {"node_modules/lib/package.json": "{", "node_modules/lib/index.js": ""},
    )
    assert "lib/index.js" in npm_entries(built)
