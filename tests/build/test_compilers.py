"""TypeScript, Less and Sass sources, compiled by the real compilers."""

import json
import os
import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.program.package import Package
from firmware_tools.build import compilers
from firmware_tools.build.dialects import SourceError
from firmware_tools.build.program import build_program

APP = {"pages": ["pages/index/index"]}


@pytest.fixture(scope="module")
def installed() -> Path:
    """The compilers, installed once into the tests' cache."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed; on Debian: apt-get install npm")
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cygnet-tests" / "compilers"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CYGNET_COMPILERS", str(root))
        if not all((root / "node_modules" / package).is_dir() for package in compilers.PACKAGES):
            try:
                compilers.install_compilers()
            except SourceError as error:
                pytest.skip(str(error))
    return root


def build(folder: Path, files: dict[str, str], *, source_maps: bool = False) -> Package:
    given = {"app.json": json.dumps(APP), "pages/index/index.wxml": "<view>{{n}}</view>", **files}
    for name, text in given.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return build_program(folder, Ed25519PrivateKey.generate(), source_maps=source_maps).package


def test_typescript_becomes_the_script_of_the_app_and_of_pages(
    tmp_path: Path, installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CYGNET_COMPILERS", str(installed))
    package = build(
        tmp_path,
        {
            "app.ts": "interface Globals { n: number }\nApp<{ data: Globals }>({ data: { n: 1 } as Globals });\n",
            "pages/index/index.ts": "import type { A } from './a';\nimport { one } from './b';\n"
            "enum Kind { First = 1 }\nPage({ data: { n: one + Kind.First as number }, f(this: A) {} });\n",
            "pages/index/a.d.ts": "export interface A {}\n",
            "pages/index/b.ts": "export const one: number = 1;\n",
        },
    )
    script = package.entries["pages/index/index.js"].decode()
    assert "one + 1" in script
    assert "import { one } from" in script
    assert "import type" not in script
    assert "one = 1" in package.entries["pages/index/b.js"].decode()
    assert not [name for name in package.entries if name.endswith(".ts")]


def test_source_maps_lead_back_to_the_typescript(
    tmp_path: Path, installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CYGNET_COMPILERS", str(installed))
    package = build(tmp_path, {"pages/index/index.ts": "type T = number;\nPage({ n: 1 as T });\n"}, source_maps=True)
    assert json.loads(package.entries["pages/index/index.js.map"])["sources"] == ["index.ts"]


def test_a_compiled_script_beside_its_source_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CYGNET_COMPILERS", str(tmp_path / "none"))
    program = tmp_path / "program"
    package = build(program, {"pages/index/index.ts": "not even read", "pages/index/index.js": "Page({});"})
    assert package.entries["pages/index/index.js"] == b"Page({});"


@pytest.mark.parametrize(
    ("suffix", "main", "part"),
    [
        (".less", "@import './part';\n.a { .b { width: (10rpx * 2); color: @c } }", "@c: red;"),
        (".scss", "@use 'part';\n.a { .b { width: 10rpx * 2; color: part.$c } }", "$c: red;"),
        (".sass", "@use 'part'\n.a\n  .b\n    width: 10rpx * 2\n    color: part.$c\n", "$c: red\n"),
    ],
)
def test_style_sources_compile_with_the_parts_that_they_import(
    suffix: str, main: str, part: str, tmp_path: Path, installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CYGNET_COMPILERS", str(installed))
    name = "part" if suffix == ".less" else "_part"
    files = {
        f"pages/index/index{suffix}": main,
        f"pages/index/{name}{suffix}": part,
        "pages/index/index.js": "Page({})",
    }
    package = build(tmp_path, files)
    style = package.entries["pages/index/index.css"].decode()
    assert ".a .b" in style
    assert "calc(20 * var(--rpx))" in style
    assert "red" in style
    assert f"pages/index/{name}.css" not in package.entries


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("pages/index/index.ts", "\nlet a: = 1;", "pages/index/index.ts:2:8: "),
        ("pages/index/index.less", ".a {\n  color: @missing;\n}", "pages/index/index.less:2:"),
        ("pages/index/index.scss", ".a {\n  color: $missing;\n}", "pages/index/index.scss:2:10: Undefined variable"),
        ("pages/index/index.less", "@plugin 'evil';", "pages/index/index.less:1:"),
        ("pages/index/index.less", ".a { width: `process.exit(3)` }", "pages/index/index.less:1:"),
    ],
)
def test_a_fault_is_said_with_file_and_line(
    name: str, text: str, sentence: str, tmp_path: Path, installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CYGNET_COMPILERS", str(installed))
    script = {} if name.endswith(".ts") else {"pages/index/index.js": "Page({})"}
    with pytest.raises(SourceError) as caught:
        build(tmp_path, {name: text, **script})
    assert sentence in str(caught.value)


def test_a_program_cannot_bring_its_own_compiler(
    tmp_path: Path, installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CYGNET_COMPILERS", str(installed))
    mark = tmp_path / "ran"
    evil = f"require('fs').writeFileSync({str(mark)!r}, ''); exports.transformSync = () => ({{ code: 'Page({{}})' }});"
    files = {
        "node_modules/esbuild/package.json": '{"name": "esbuild", "main": "index.js"}',
        "node_modules/esbuild/index.js": evil,
        "pages/index/index.ts": "Page({ data: { n: 1 as number } })",
    }
    assert b"n: 1" in build(tmp_path / "program", files).entries["pages/index/index.js"]
    assert not mark.exists()


def test_without_compilers_the_sentence_says_how_to_get_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CYGNET_COMPILERS", str(tmp_path / "none"))
    with pytest.raises(SourceError, match=r"index\.ts is TypeScript.*`cygnet program compilers`"):
        build(tmp_path / "program", {"pages/index/index.ts": "Page({})"})
