"""What the pages say is so: their commands exist, their examples are accepted, their links lead somewhere."""

import ast
import json
import re
import shlex
import shutil
import subprocess
import tomllib
from functools import cache
from pathlib import Path
from typing import get_args

import click
import pytest

from device_runtime.host.board import load_board
from device_runtime.inference.card import read_card
from device_runtime.privacy.telling import DECISIONS, HEAD, SENT
from device_runtime.program import data_fields, data_plan
from device_runtime.program.manifest import parse_manifest
from firmware_tools.build import dialects
from firmware_tools.cli import cygnet
from firmware_tools.fleet.home import FleetHome
from tests.docs.pages import PAGES, ROOT, Block, anchors, blocks, commands, links, table

DOCS = ROOT / "docs"
COMMANDS = sorted({(page.name, command) for page in PAGES for command in commands(page)})
# JSON that stands for no file is a message, which tests/sync/test_protocol_page.py reads, or has gaps.
EXAMPLES = [
    (page, block)
    for page in PAGES
    for block in blocks(page)
    if block.language == "toml" or (block.language == "json" and block.file)
]


@pytest.mark.parametrize(("page", "line"), COMMANDS)
def test_each_command_exists_with_the_options_that_are_used(page: str, line: str) -> None:
    # What stands for something else (…, FILE) is a value here: only nouns, verbs and options are looked up.
    words = shlex.split(line.replace("…", "").partition(" | ")[0])[1:]
    command: click.Command = cygnet
    context = click.Context(cygnet, info_name="cygnet")
    while isinstance(command, click.Group):
        options = {name for option in command.params for name in option.opts + option.secondary_opts}
        while words and words[0].startswith("-"):
            name = words.pop(0).partition("=")[0]
            assert name in options | {"--help", "--version"}, f"{command.name} has no option {name}"
            option = next((option for option in command.params if name in option.opts), None)
            if isinstance(option, click.Option) and not option.is_flag and words:
                words.pop(0)
        if not words:
            return
        found = command.get_command(context, words[0])
        assert found is not None, f"there is no `{words[0]}` in `{command.name}`"
        command = found
        words.pop(0)
    known = {name for option in command.params for name in option.opts + option.secondary_opts} | {"--help"}
    for word in words:
        if word.startswith("-"):
            assert word.partition("=")[0] in known, f"`{command.name}` has no option {word}"


def test_there_are_commands_to_check() -> None:
    assert {page for page, _ in COMMANDS} >= {"README.md", "operator.md", "device-owner.md", "program-developer.md"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_link_leads_somewhere(page: Path) -> None:
    for link in links(page):
        if link.startswith(("https://", "http://")):
            continue
        path, _, fragment = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name} links to {link}"
        if fragment:
            assert fragment in anchors(target), f"{page.name} links to {link}; there is {sorted(anchors(target))}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_file_that_a_page_names_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"`((?:deploy|benchmarks|examples|models|tests|device_runtime|firmware_tools)/[\w./-]+)`", text)
    for name in re.findall(r"python -m (benchmarks\.\w+)", text):
        path = name.replace(".", "/")
        named.append(f"{path}/__main__.py" if (ROOT / path).is_dir() else f"{path}.py")
    for name in named:
        assert (ROOT / name).exists(), f"{page.name} names {name}"


@pytest.mark.parametrize(
    ("page", "block"), EXAMPLES, ids=[f"{page.name} {block.file or block.text[:20]!r}" for page, block in EXAMPLES]
)
def test_each_example_of_a_file_is_accepted_by_what_reads_it(page: Path, block: Block, tmp_path: Path) -> None:
    file = tmp_path / (block.file or "example")
    file.parent.mkdir(exist_ok=True, parents=True)
    file.write_text(block.text, encoding="utf-8")
    if block.language == "json":
        assert json.loads(block.text)
    else:
        tomllib.loads(block.text)
    match file.name:
        case "manifest.json":
            assert parse_manifest(block.text).app_id
        case "card.toml":
            assert read_card(file).name == file.parent.name
        case "fleet.toml":
            assert FleetHome(tmp_path).settings().fleet
        case name if page.name in {"operator.md", "board-maker.md"} and name.endswith(".toml"):
            assert load_board(file).name


def test_the_tables_of_a_board_in_other_pages_fit_into_one(tmp_path: Path) -> None:
    board = 'name = "b"\ndescription = "A board"\n[screen]\nwidth = 480\nheight = 320\n'
    fragments = [
        block.text for page in PAGES for block in blocks(page) if block.language == "toml" and block.text[0] == "["
    ]
    assert fragments
    for fragment in fragments:
        (tmp_path / "board.toml").write_text(board + fragment)
        load_board(tmp_path / "board.toml")


def test_the_python_of_the_model_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = [block for block in blocks(DOCS / "model-developer.md") if block.language == "python"]
    exec(compile(example.text, "model-developer.md", "exec"), {})  # noqa: S102 - the page's own example
    assert capsys.readouterr().out.strip() in "0123456789"


@cache
def sentences() -> str:
    """Every text in the product, with … for what is filled in."""
    texts = []
    for path in [*(ROOT / "device_runtime").rglob("*.py"), *(ROOT / "firmware_tools").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values]
                texts.append("".join(parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.append(node.value)
    return "\n".join(texts)


@pytest.mark.parametrize("cell", [row[0] for row in table(DOCS / "operator.md", "Troubleshooting")])
def test_each_sentence_of_the_troubleshooting_table_is_one_of_ours(cell: str) -> None:
    for piece in cell.strip("`").split("…"):
        assert piece.strip(" :;") in sentences(), f"nothing says {piece!r}"


def recorded(names: set[str]) -> set[str]:
    """The names of telemetry records that the device makes, from the calls in its source."""
    found = set()
    for room in ("host", "sync", "privacy"):
        for path in (ROOT / "device_runtime" / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names:
                    found |= {
                        word.value
                        for word in node.args
                        if isinstance(word, ast.Constant)
                        and isinstance(word.value, str)
                        and re.fullmatch(r"[a-z]+(_[a-z]+)*", word.value)
                    }
    return found


def test_the_owner_s_page_lists_every_record_that_leaves_the_device() -> None:
    listed = {
        name
        for row in table(DOCS / "device-owner.md", "What leaves the device")
        for name in re.findall(r"`(\w+)`", row[1])
    }
    assert listed == (recorded({"record", "_record", "_refuse", "_own"}) - {"sync", "device"}) | {
        *DECISIONS,
        SENT,
        HEAD,
    }


def test_the_owner_s_page_lists_every_value_of_a_served_request() -> None:
    rows = table(DOCS / "device-owner.md", "What leaves the device")
    (values,) = [row[2] for row in rows if row[1] == "`request_served`"]
    source = (ROOT / "device_runtime/host/conversation.py").read_text(encoding="utf-8")
    call = source.partition('"request_served",')[2].partition("},")[0]
    sent = set(re.findall(r'^ +"(\w+)":', call, re.MULTILINE))
    assert sent == set(re.findall(r"`(\w+)`", values)) - {"spoken", "typed"}


def test_the_manifest_page_lists_every_member_that_is_read() -> None:
    source = "".join(
        (ROOT / f"device_runtime/program/{name}.py").read_text(encoding="utf-8") for name in ("manifest", "window")
    )
    ways = "text|filled|one_of|matching|number|flag|inner|raw|objects|strings|routes|inside|value"
    read = set(re.findall(rf'\.(?:{ways})\(\s*"(\w+)"', source)) - {"tabs", "cygnet", "platform_version", "slots"}
    read |= set(re.findall(r'"(\w+)": (?:\(?"|list)', source))
    listed = {
        re.sub(r"\[\]", "", name).rpartition(".")[2]
        for row in table(DOCS / "manifest.md", "Every member")
        for name in re.findall(r"`([\w.\[\]]+)`", row[0])
    }
    inside = {"tab_bar", "voice", "network", "intents", "icons", "req_permissions", "version", "widgets"}
    inside |= {"subpackages", "slots"}
    assert read - inside == listed - {"format", "hosts", "compiler", "capabilities"} - inside


def test_the_manifest_page_lists_every_member_of_a_data_plan() -> None:
    def words(heading: str, column: int = 0) -> list[str]:
        return [name for row in table(DOCS / "manifest.md", heading) for name in re.findall(r"`(\w+)`", row[column])]

    assert words("Items of a data plan") == list(data_plan._MEMBERS)
    rules = dict(zip(data_plan._MEMBERS, table(DOCS / "manifest.md", "Items of a data plan"), strict=True))
    assert set(data_plan.PURPOSES) <= set(re.findall(r"`(\w+)`", rules["purpose"][1]))
    assert set(get_args(data_plan.Precision)) <= set(re.findall(r"`(\w+)`", rules["precision"][1]))
    sensitive = {row[0].strip("`") for row in table(DOCS / "manifest.md", "Categories of data") if row[2] == "yes"}
    assert set(words("Categories of data")) == set(data_plan.CATEGORIES)
    assert sensitive == data_plan.SENSITIVE
    assert words("Fields of an item") == list(data_fields._KINDS)
    for row in table(DOCS / "manifest.md", "Fields of an item"):
        assert set(re.findall(r"`(min|max|step|of)`", row[1])) == set(data_fields._MEMBERS[row[0].strip("`")])


def test_the_manifest_page_lists_every_member_of_cygnet_json() -> None:
    rows = table(DOCS / "manifest.md", "Where the build takes each from")
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row[1])} == set(dialects._OWN_MEMBERS)


def test_the_model_page_lists_every_key_of_a_card() -> None:
    source = (ROOT / "device_runtime/inference/card.py").read_text(encoding="utf-8")
    allowed = {
        key for call in re.findall(r"\.allow\((.*?)\)", source, re.DOTALL) for key in re.findall(r'"(\w+)"', call)
    }
    text = " ".join(cell for row in table(DOCS / "model-developer.md", "The card") for cell in row[:2])
    assert allowed - {"source", "version", "cost", "quantization"} <= set(re.findall(r"`(?:\w+\.)?(\w+)`", text))


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_the_service_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    unit = (ROOT / "deploy/cygnet-device.service").read_text(encoding="utf-8")
    assert "ExecStart=/opt/cygnet/bin/cygnet device run " in unit
    here = tmp_path / "cygnet-device.service"
    here.write_text(unit.replace("/opt/cygnet/bin/cygnet", "/bin/true"), encoding="utf-8")
    verdict = subprocess.run(["systemd-analyze", "verify", str(here)], capture_output=True, text=True, check=False)
    assert (verdict.returncode, verdict.stderr) == (0, "")


@pytest.mark.parametrize("page", ["device-owner.md", "privacy.md"])
def test_what_an_owner_presses_is_called_on_the_page_as_on_the_screen(page: str) -> None:
    web = ROOT / "device_runtime" / "host" / "screen" / "web"
    screen = "\n".join((web / name).read_text(encoding="utf-8") for name in ("owner-rights.js", "privacy.js"))
    text = " ".join((DOCS / page).read_text(encoding="utf-8").split())
    for words in ("Save a copy", "Delete what this program keeps"):
        assert words in text
        assert f'"{words}"' in screen
