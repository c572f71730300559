"""`cygnet program test`: what holds passes, what does not says why and where."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from device_runtime.view.mirror import MirrorTree
from firmware_tools.build.scaffold import create_program
from firmware_tools.cli.program import program
from firmware_tools.testing.runner import TestResult, run_program_tests
from firmware_tools.testing.selectors import SelectorError, select, visible_text


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A fresh program that counts, without its own tests."""
    create_program(tmp_path / "program", "wechat")
    (tmp_path / "program/tests/count.test.js").unlink()
    return tmp_path / "program"


async def run(directory: Path, source: str, name: str = "one.test.js") -> list[TestResult]:
    (directory / "tests" / name).write_text(source)
    return await run_program_tests(directory, lambda _: None, lambda _: None, wait_seconds=0.5)


async def fails(directory: Path, body: str) -> TestResult:
    """The result of a test that must fail; its body starts on line 2."""
    (result,) = await run(directory, f"it('fails', () => {{\n{body}\n}});")
    assert result.outcome == "failed"
    return result


@pytest.mark.parametrize(
    ("body", "message", "line"),
    [
        ("expect(1 + 1).toBe(3);", "expected 3, found 2", 2),
        ("\nexpect({a: [1]}).toEqual({a: [2]});", 'expected {"a":[2]}, found {"a":[1]}', 3),
        ("expect([1, 2]).not.toContain(2);", "expected not something with 2, found [1,2]", 2),
        ("undefined.x;", "TypeError: cannot read property 'x' of undefined", 2),
        ("throw 'a string';", '"a string"', None),
        ("launch().find('.count').find('.deep').tap();", "the page holds no .count .deep; it holds on pages/", 2),
        ("expect(launch().find('.count')).toHaveText('7');", 'expected .count to read "7", found "0"', 2),
        ("expect(launch().find('.hint')).not.toExist();", "expected not .hint on the page", 2),
        ("expect(launch().find('.add')).toHaveClass('big');", 'to have the class "big", found "add"', 2),
        ("expect(launch().find('.count')).toHaveCount(2);", "expected 2 of .count, found 1", 2),
        ("launch().find('.count').tap();", "neither .count nor anything around it listens for 'tap'", 2),
        ("launch().find('.count').enter('x');", "does not listen for 'change'", 2),
        ("launch().find('a..b').count();", "the selector 'a..b' cannot be read at '..b'", 2),
        ("launch().say('open the door');", "no phrase of this program matches 'open the door'", 2),
        ("expect(launch()).toHaveCalled('speak', {text: 'x'});", 'a call of speak with {"text":"x"}, found []', 2),
        ("expect(launch()).toHaveStored('count', 3);", '3 stored as "count", found undefined', 2),
        ("launch({colour: 1});", "launch has no option 'colour'", 2),
        ("launch({storage: {big: 'x'.repeat(2e6)}});", "exceeds the max size", 2),
        ("launch({path: 'pages/none/none'});", "the program has no page 'pages/none/none'", None),
        ("require('./absent');", "the module './absent' is not in the program's folder", 2),
        ("require('../../../../../../etc/passwd');", "is not in the program's folder", 2),
        ("return Promise.resolve();", "a test waits by itself; write its function without async", None),
    ],
)
async def test_a_failure_says_what_was_expected_what_was_found_and_where(
    directory: Path, body: str, message: str, line: int | None
) -> None:
    result = await fails(directory, body)
    assert message in result.message
    if line is not None:
        assert result.source.startswith(f"tests/one.test.js:{line}:")


async def test_a_program_under_test_counts_what_its_plan_counts_and_nothing_else(directory: Path) -> None:
    manifest = json.loads((directory / "cygnet.json").read_text())
    manifest["data_plan"] = [
        {
            "name": "city",
            "category": "usage",
            "fields": {"value": {"type": "choice", "of": ["Bern", "Thun"]}},
            "purpose": "statistics",
            "reason": "To see where people are",
            "retention_days": 30,
            "destination": "fleet",
            "precision": "aggregated",
        }
    ]
    (directory / "cygnet.json").write_text(json.dumps(manifest))
    (directory / "pages/index/index.js").write_text(
        """
        Page({ data: { said: [] }, onLoad() {
          for (const value of ['Bern', 'Zug']) {
            wx.reportCount({ name: 'city', value, complete: ({ errMsg }) => wx.speak({ text: errMsg }) });
          }
        } })
        """
    )
    (result,) = await run(
        directory,
        """
        it('counts', () => {
          const program = launch();
          expect(program).toHaveCalled('privacy.count', { name: 'city', value: 'Bern' });
          expect(program).toHaveCalled('speak', { text: 'reportCount:ok' });
          expect(program.calls('speak').map(({ text }) => text).join()).toBe('');
        });
        """,
    )
    assert "value must be one of Bern, Thun" in result.message


async def test_each_test_starts_with_an_empty_program(directory: Path) -> None:
    results = await run(
        directory,
        """
        for (const name of ['first', 'second']) {
          it(name, () => {
            const program = launch();
            expect(program.find('.count')).toHaveText('0');
            program.find('.add').tap();
            expect(program).toHaveStored('count', 1);
          });
        }
        """,
    )
    assert [result.outcome for result in results] == ["passed", "passed"]


async def test_an_uncaught_error_in_the_program_fails_a_test_that_does_not_expect_it(directory: Path) -> None:
    page = directory / "pages/index/index.js"
    page.write_text(page.read_text().replace("app.add(1);", "app.add(1);\n    nobody.calls();"))
    blind, expecting = await run(
        directory,
        """
        it('is blind', () => { launch().find('.add').tap(); });
        it('expects it', () => {
          const program = launch();
          program.find('.add').tap();
          expect(program.errors()[0]).toMatch(/nobody/);
        });
        """,
    )
    assert blind.outcome == "failed"
    assert "pages/index/index.js:" in blind.message
    assert expecting.outcome == "passed", expecting.message


async def test_a_program_whose_start_fails_fails_the_test_with_its_reason(directory: Path) -> None:
    (directory / "app.js").write_text("App({ onLaunch() { throw new Error('no battery'); } });")
    result = await fails(directory, "launch();")
    assert "no battery" in result.message
    assert "app.js:1:" in result.message


async def test_hooks_suites_only_and_skip(directory: Path) -> None:
    results = await run(
        directory,
        """
        const seen = [];
        beforeEach(() => seen.push('outer'));
        describe('a', () => {
          beforeEach(() => seen.push('inner'));
          afterEach(() => seen.push('after'));
          describe('b', () => { it('c', () => {}); });
        });
        it('d', () => expect(seen).toEqual(['outer', 'inner', 'after', 'outer']));
        it.skip('e', () => { throw new Error('never'); });
        """,
    )
    assert [(result.name, result.outcome) for result in results] == [
        ("a, b, c", "passed"),
        ("d", "passed"),
        ("e", "skipped"),
    ]
    results = await run(directory, "it('f', () => { throw 1; }); it.only('g', () => {});")
    assert [result.outcome for result in results] == ["skipped", "passed"]


async def test_modules_of_the_program_can_be_tested_alone(directory: Path) -> None:
    (directory / "sum.js").write_text("module.exports = (a, b) => a + b;")
    (directory / "tests/data.json").write_text('{"a": 2}')
    source = "const sum = require('../sum'); it('adds', () => expect(sum(require('./data').a, 2)).toBe(4));"
    assert [result.outcome for result in await run(directory, source)] == ["passed"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("it('x', () => {", "tests/one.test.js"),
        ("\nnobody();", "tests/one.test.js:2:1: nobody is not defined"),
        ("it('x');", "it needs a function"),
        ("const a = 1;", "it declares no tests"),
    ],
)
async def test_a_file_that_is_no_test_is_a_failure_of_its_own(directory: Path, source: str, message: str) -> None:
    broken, fine = await run_two(directory, source)
    assert broken.outcome == "failed"
    assert message in broken.message
    assert fine.outcome == "passed"


async def run_two(directory: Path, source: str) -> list[TestResult]:
    (directory / "tests/two.test.js").write_text("it('is fine', () => {});")
    return await run(directory, source)


PAGE = [
    ["insert", 0, 0, [1, "view", {"class": "card lit", "id": "a"}, [], [
        [2, "text", {}, [], [[3, "Hall"]]],
        [4, "switch", {"checked": True}, ["change"], []],
        [5, "view", {"class": "bar"}, [], [[6, "text", {"hidden": True}, [], [[7, "secret"]]], [8, " 80\n %"]]],
    ]]],
    ["insert", 0, 1, [9, "view", {"class": "card", "data": 5.0}, [], []]],
]  # fmt: skip


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("view", [1, 5, 9]),
        (".card", [1, 9]),
        (".card.lit", [1]),
        ("#a", [1]),
        ("*", [1, 2, 4, 5, 6, 9]),
        ("switch[checked]", [4]),
        ("[checked=true]", [4]),
        ("[data='5']", [9]),
        (".card switch", [4]),
        (".card > .bar", [5]),
        (".card > .bar text", [6]),
        ("view view view", []),
        (".lit text", [2, 6]),
        (".lit > text", [2]),
        ("page", []),
    ],
)
def test_selectors_find_nodes_in_document_order(selector: str, found: list[int]) -> None:
    tree = MirrorTree()
    tree.apply(PAGE)
    assert [node.id for node in select(tree.root, selector)] == found


@pytest.mark.parametrize("selector", ["", " ", ">", "a >", "a:hover", "[", "a[b", "..", "a,b"])
def test_a_selector_that_cannot_be_read_is_a_sentence(selector: str) -> None:
    with pytest.raises(SelectorError, match="selector"):
        select(MirrorTree().root, selector)


def test_text_reads_as_on_the_screen() -> None:
    tree = MirrorTree()
    tree.apply(PAGE)
    assert visible_text(tree.root) == "Hall 80 %"


def test_the_command_exits_1_when_a_test_fails_and_speaks_json(directory: Path) -> None:
    (directory / "tests/one.test.js").write_text(
        "it('fails', () => { console.log('look', {a: 1}); expect(1).toBe(2); }); it('holds', () => {});"
    )
    shown = CliRunner().invoke(program, ["test", str(directory)])
    assert shown.exit_code == 1
    assert 'look {"a":1}' in shown.output
    assert "expected 2, found 1" in shown.output
    assert "1 passed, 1 failed" in shown.output
    told = CliRunner().invoke(program, ["test", str(directory), "--json", "--only", "holds"])
    assert told.exit_code == 0
    assert [(item["name"], item["outcome"]) for item in json.loads(told.output)] == [("holds", "passed")]


def test_ctrl_c_ends_the_run_while_a_test_waits(directory: Path) -> None:
    (directory / "tests/one.test.js").write_text(
        "it('waits', () => { const p = launch(); console.log('now'); expect(p.find('.never')).toExist(); });"
    )
    command = [sys.executable, "-u", "-m", "firmware_tools.cli", "program", "test", str(directory), "--wait", "5"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert running.stdout is not None
    while "now" not in running.stdout.readline():
        assert running.poll() is None
    running.send_signal(signal.SIGINT)
    output, _ = running.communicate(timeout=60)
    assert running.returncode == 130, output
    assert "Traceback" not in output
