"""The page about programs in Python is true: its commands print what it says, its program does what its tests say."""

import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from device_runtime.resources import resource_directory
from firmware_tools.build.portable import subset
from firmware_tools.cli import cygnet
from tests.docs.pages import DOCS, blocks, table

PAGE = DOCS / "python-programs.md"
# As far as the page needs it, where the board's own configuration is not there.
_BOARD = 'kind = "micropython"\nname = "pico-w"\n[leds.lamp]\npin = 15\n'


def test_its_examples_work_in_the_order_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    commands = 0
    for block in blocks(PAGE):
        if block.file:
            Path(block.file).parent.mkdir(exist_ok=True)
            Path(block.file).write_text(block.text, encoding="utf-8")
        elif block.language == "console":
            output = ""
            for line in block.text.splitlines():
                if line.startswith("$ cygnet "):
                    result = CliRunner().invoke(cygnet, _words(line, tmp_path), catch_exceptions=False)
                    assert result.exit_code == 0, result.output
                    output = result.output
                    commands += 1
                else:
                    assert line in output
    assert commands == 4


def _words(line: str, folder: Path) -> list[str]:
    words = shlex.split(line)[2:]
    if "pico-w" in words and not (resource_directory("board_configs") / "pico-w.toml").is_file():
        (folder / "pico-w.toml").write_text(_BOARD)
        words[words.index("pico-w")] = str(folder / "pico-w.toml")
    return words


def test_it_names_what_a_page_has() -> None:
    named = " ".join(row[0] for row in table(PAGE, "A page"))
    for method in subset.PAGE_METHODS:
        assert f"self.{method}(" in named


def test_it_names_each_module_of_the_subset() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for module in subset.MODULES:
        assert f"| `{module}`" in text
