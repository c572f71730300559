"""Programs in Python: what is packaged, what is refused with file and line, what a board lacks, what is published."""

import json
from pathlib import Path

import pytest

from device_runtime.program.package import seal_package
from device_runtime.sealed.archive import read_archive
from firmware_tools.build.micropython import compile_module
from firmware_tools.build.portable.boards import check_for_board, read_board_tables
from firmware_tools.build.portable.instrument import instrument
from firmware_tools.build.project_json import SourceError
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.publish import sign_release
from tests.build.python_programs import KEY, PAGE, build, write_program

ROUTE = "pages/index/index"
_CALLS = PAGE.replace("import Page", "import Page, call") + "\n    def tap(self, event):\n        call(WHAT)\n"


def _calling(arguments: str) -> str:
    return _CALLS.replace("WHAT", arguments)


def test_a_package_has_source_bytecode_and_template_of_each_page(tmp_path: Path) -> None:
    program = write_program(
        tmp_path,
        {
            f"{ROUTE}.py": "from cygnet import Page\nfrom lib.a import b\n\nclass Index(Page):\n    data = {}\n",
            "lib/a.py": "b = 1\n",
            "lib/unused.py": "c = 1\n",
            "notes.py": "import os\n",
            "old.js": "App({})",
            "images/icon.svg": "<svg/>",
        },
    )
    built = build(program)
    entries = {name for name in built.package.entries if not name.startswith("META-INF/")}
    assert entries == {
        "manifest.json", f"{ROUTE}.py", f"{ROUTE}.mpy", f"{ROUTE}.view", "lib/a.py", "lib/a.mpy", "images/icon.svg",
    }  # fmt: skip
    assert built.package.manifest.language == "python"
    assert built.warnings == ()


def test_the_same_source_makes_the_same_bytes(tmp_path: Path) -> None:
    assert build(write_program(tmp_path / "a" / "p", {})).data == build(write_program(tmp_path / "b" / "p", {})).data


FAULTS = {
    "another module": ("import os\n" + PAGE, "1: the module os may not be imported"),
    "dunder": (PAGE + "\n    def f(self):\n        return self.__dict__\n", "8: .__dict__ may not be used"),
    "print": (PAGE + "\n    def f(self):\n        print(1)\n", "8: print may not be used: a board has no console"),
    "two pages": (
        PAGE + "\n\nclass Other(Page):\n    data = {}\n",
        "8: a page has exactly one class with the base Page",
    ),
    "no page": ("x = 1\n", "1: a page has exactly one class with the base Page"),
    "data made": (PAGE.replace("{}", "dict(a=1)"), "5: data is written out"),
    "data with a set": (PAGE.replace("{}", '{"a": {1}}'), "5: data are written out"),
    "a method of the base": (PAGE + "\n    def set_data(self, x):\n        pass\n", "7: set_data is what Page has"),
    "__init__": (PAGE + "\n    def __init__(self):\n        pass\n", "7: __init__ may not be defined"),
    "a module that is not there": ("from lib.no import x\n" + PAGE, "1: there is no file lib/no.py"),
    "a name that a module lacks": ("from lib.a import x\n" + PAGE, "1: lib.a defines no 'x'"),
    "a computed capability": (_calling('"led" + ".set"'), "8: the capability of call(…) is told as a text"),
    "a module as a value": ("import math\nm = math\n" + PAGE, "2: the module math can only be asked"),
    "the tick": (PAGE + "\n    def f(self):\n        _tick = 1\n", "8: _tick may not be used"),
    "syntax": (PAGE + "    def f(self:\n", "6: "),
    "a nested class": (PAGE + "\n    class A:\n        pass\n", "7: classes stand at the top"),
    "an aligned base": (PAGE.replace("Index(Page)", "Index( Page )"), "4: it is written as class Index(Page):"),
    "a block that cannot tick": (
        PAGE + "\n    def f(self):\n        for i in range(9):\n            def g():\n                pass\n",
        "8: a block that only defines functions",
    ),
    "members of the base": (PAGE + "\n\nPage.data = {}\n", "8: Page has no members of its own"),
    "another meaning of call": (_CALLS.replace("WHAT", '"x"') + "\ncall = 1\n", "10: call is what it was imported as"),
    "finally": (
        PAGE + "\n    def f(self):\n        try:\n            pass\n        finally:\n            int('x')\n",
        "11: what finally does",
    ),
    "a carriage return": (PAGE + "\r# x\n", "6: it holds the control character"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_what_a_program_may_not_do_is_refused_with_file_and_line(case: str, tmp_path: Path) -> None:
    text, expected = FAULTS[case]
    program = write_program(tmp_path, {"lib/a.py": "b = 1\n"})
    (program / f"{ROUTE}.py").write_bytes(text.encode())
    with pytest.raises(SourceError) as refused:
        build(program)
    assert f"{ROUTE}.py:{expected}" in str(refused.value)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    program = write_program(tmp_path, {f"{ROUTE}.py": "import os\nimport sys\n" + PAGE})
    with pytest.raises(SourceError, match=r"(?s)index\.py:1: .*\n.*index\.py:2: "):
        build(program)


def test_modules_that_import_each_other_are_refused(tmp_path: Path) -> None:
    files = {
        f"{ROUTE}.py": "from lib.a import x\n" + PAGE,
        "lib/a.py": "from lib.b import y\nx = 1\n",
        "lib/b.py": "from lib.a import x\ny = 1\n",
    }
    with pytest.raises(SourceError, match=r"lib/a\.py:1: the module imports itself"):
        build(write_program(tmp_path, files))


def test_a_handler_that_is_missing_and_an_order_by_chance_are_warnings(tmp_path: Path) -> None:
    text = (
        PAGE
        + "\n    def f(self):\n        for a in self.data.items():\n            self.a = sorted(self.data.keys())\n"
    )
    program = write_program(tmp_path, {f"{ROUTE}.py": text, f"{ROUTE}.wxml": '<view bindtap="tip" catchtap="f"/>'})
    order, handler = sorted(build(program).warnings, key=len, reverse=True)
    assert order.startswith(f"{ROUTE}.py:8: a dictionary has no order on boards: .items()")
    assert handler == f"{ROUTE}.py:4: the template names the handler 'tip', which the page does not have"


@pytest.mark.parametrize("template", ["<my-card/>", '<wxs module="m">module.exports = {}</wxs><view>{{m.x}}</view>'])
def test_components_and_modules_of_templates_are_refused(template: str, tmp_path: Path) -> None:
    card = {"c.json": '{"component": true}', "c.wxml": "<view/>", "c.js": "Component({})"}
    config = {f"{ROUTE}.json": json.dumps({"usingComponents": {"my-card": "/c"}})}
    with pytest.raises(SourceError, match=r"index\.wxml:1: .*JavaScript"):
        build(write_program(tmp_path, {**card, **config, f"{ROUTE}.wxml": template}))


def test_an_unknown_language_is_refused_with_its_line(tmp_path: Path) -> None:
    program = write_program(tmp_path, {"cygnet.json": '{\n  "language": "cobol"\n}'})
    with pytest.raises(SourceError, match=r"cygnet\.json:2: the language is 'cobol'; it may be javascript or python"):
        build(program)


class Stopped(BaseException):
    """As a board stops a program."""


class _Ticks:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1
        if self.count > 99:
            raise Stopped


ENDLESS = {
    "while": "while True: pass\n",
    "while with a loop that is over at once": "while True:\n    for i in []: pass\n",
    "for": "for i in range(10 ** 9): pass\n",
    "for, with if": "for i in range(10 ** 9):\n    if i < 0: pass\n",
    "for, with try": "for i in range(10 ** 9):\n    try: pass\n    except Exception: pass\n",
    "for, with a function": "for i in range(10 ** 9):\n    def f(): pass\n    i = 1\n",
    "a list": "x = [1 for i in range(10 ** 9) if i < 0]\n",
    "a sum": "x = sum(1 for i in range(10 ** 9))\n",
    "lists in lists": "x = [1 for i in range(10 ** 9) for j in []]\n",
    "a dictionary": "x = {1: i for i in range(10 ** 9)}\n",
    "a set": "x = {1 for i in range(10 ** 9)}\n",
    "lambda": "x = list(filter(lambda i: False, range(10 ** 9)))\n",
    "recursion": "def f(n): return f(n - 1) + f(n - 1) if n else 0\nf(90)\n",
    "recursion in if": "def f(n):\n    if f(n - 1) if n > 0 else 0: pass\n    f(n - 1) if n > 0 else 0\nf(90)\n",
}


@pytest.mark.parametrize("case", ENDLESS)
def test_nothing_goes_on_without_a_tick(case: str) -> None:
    code = instrument(ENDLESS[case], "endless.py")
    with pytest.raises(Stopped):
        exec(code, {"_tick": _Ticks()})  # noqa: S102 the examples above


def test_ticks_leave_each_line_where_it_was() -> None:
    text = '# é\nfor é in [1]:  # ü\n    x = """a\nb"""\nwhile (x and\n       é > 5):\n    pass\n'
    ticked = instrument(text, "lines.py")
    assert (
        ticked
        == '# é\nfor é in [1]:  # ü\n    _tick();x = """a\nb"""\nwhile (_tick() or (x and\n       é > 5)):\n    pass\n'
    )


BOARD = (
    'kind = "micropython"\nname = "tiny"\n[memory]\nfilesystem_kb = 100\nfilesystem = "littlefs"\n'
    "[program]\nheap_kb = 4\nnodes = 20\n[leds.lamp]\npin = 15\n"
)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({f"{ROUTE}.py": _calling('"led.set", name="lamp", on=True')}, ""),
        ({f"{ROUTE}.py": _calling('"telemetry", name="a", values={}')}, ""),
        ({f"{ROUTE}.py": _calling('"buzzer.play"')}, "index.py:8: tiny cannot do buzzer.play: it has no buzzer"),
        ({f"{ROUTE}.py": _calling('"speak", text="a"')}, "index.py:8: tiny cannot do speak: no board of this kind"),
        ({f"{ROUTE}.wxml": "<view/>" * 30}, "index: its template has 30 nodes, and a page on tiny may have 20"),
        ({f"{ROUTE}.py": PAGE + "".join(f"    v{i} = 'text {i}'\n" for i in range(300))}, "may fill 4 KiB of memory"),
        ({"film.bin": "x" * 200_000}, "and the file system of tiny has 100 KiB"),
    ],
)
def test_what_a_board_lacks_is_told(files: dict[str, str], expected: str, tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(BOARD)
    built = build(write_program(tmp_path / "p", files))
    if not expected:
        check_for_board(built, read_board_tables(str(tmp_path / "tiny.toml")))
        return
    with pytest.raises(SourceError) as refused:
        check_for_board(built, read_board_tables(str(tmp_path / "tiny.toml")))
    assert expected in str(refused.value)


def test_a_board_with_linux_runs_every_program(tmp_path: Path) -> None:
    files = {f"{ROUTE}.py": _calling('"speak", text="a"')}
    check_for_board(build(write_program(tmp_path, files)), read_board_tables("virtual-speaker"))


def test_a_board_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(SourceError, match=r"there is no board 'no'.*virtual-speaker"):
        read_board_tables("no")


def _published(program: Path, **changed: bytes | None) -> None:
    """Publish a built program whose entries were changed (``None``: taken away) and sealed again."""
    entries = dict(read_archive(build(program).data))
    for name, data in changed.items():
        if data is None:
            del entries[name]
        else:
            entries[name] = data
    sign_release(seal_package(entries, KEY), "p.ma", KEY)


def test_an_honest_package_is_published(tmp_path: Path) -> None:
    _published(write_program(tmp_path, {}))


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({f"{ROUTE}.mpy": compile_module(PAGE + "    x = 1\n", f"{ROUTE}.py")}, "index.mpy is not what its source"),
        ({f"{ROUTE}.mpy": None}, "index.mpy is not what its source"),
        ({"lib/a.mpy": compile_module("x = 1\n", "lib/a.py")}, "nothing of the program imports lib/a.mpy"),
        ({f"{ROUTE}.py": ("import os\n" + PAGE).encode()}, "the module os may not be imported"),
        ({f"{ROUTE}.py": b"\xff"}, "index.py is not UTF-8 text"),
    ],
)
def test_other_bytecode_than_that_of_the_sources_is_not_published(
    changed: dict[str, bytes | None], expected: str, tmp_path: Path
) -> None:
    with pytest.raises(FleetError, match=expected):
        _published(write_program(tmp_path, {}), **changed)


def test_bytecode_without_ticks_is_not_published(tmp_path: Path) -> None:
    loop = PAGE + "\n    def tap(self, event):\n        while True:\n            pass\n"
    program = write_program(tmp_path, {f"{ROUTE}.py": loop})
    with pytest.raises(FleetError, match=r"index\.mpy is not what its source compiles to with mpy-cross"):
        _published(program, **{f"{ROUTE}.mpy": compile_module(loop, f"{ROUTE}.py")})


def test_another_compiler_is_named(tmp_path: Path) -> None:
    program = write_program(tmp_path, {})
    entries = dict(read_archive(build(program).data))
    manifest = json.loads(entries["manifest.json"])
    manifest["cygnet"]["compiler"] = "mpy-cross 1.24.1"
    changed = {"manifest.json": json.dumps(manifest).encode(), f"{ROUTE}.mpy": b"M\x06other"}
    with pytest.raises(FleetError, match=r"was made by mpy-cross 1\.24\.1, and mpy-cross .* makes another"):
        _published(program, **changed)


def test_bytecode_in_a_program_in_javascript_is_not_published(tmp_path: Path) -> None:
    program = write_program(tmp_path, {})
    entries = dict(read_archive(build(program).data))
    manifest = json.loads(entries["manifest.json"])
    del manifest["cygnet"]["language"]
    with pytest.raises(FleetError, match="is no program in Python"):
        _published(program, **{"manifest.json": json.dumps(manifest).encode()})
