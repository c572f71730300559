"""The page for program developers is true: its commands print what it says, its tables name what there is."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from device_runtime.capability.files import ProgramFiles
from device_runtime.capability.storage import ProgramStorage
from firmware_tools.build import dialects
from firmware_tools.cli import cygnet
from firmware_tools.testing.surroundings import Surroundings

PAGE = (Path(__file__).parents[2] / "docs/program-developer.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_its_examples_work_in_the_order_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    commands = 0
    for language, file, text in _BLOCK.findall(PAGE):
        if file:
            Path(file).write_text(text, encoding="utf-8")
        elif language == "console":
            output = ""
            for line in text.splitlines():
                if line.startswith("$ cygnet "):
                    result = CliRunner().invoke(cygnet, shlex.split(line)[2:], catch_exceptions=False)
                    assert result.exit_code == 0, result.output
                    output = result.output
                    commands += 1
                else:
                    assert line in output
    assert commands == 5


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def first_column(text: str) -> set[str]:
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`(\w+)", row)}


def test_it_lists_every_member_of_cygnet_json() -> None:
    assert first_column(section("cygnet.json")) == set(dialects._OWN_MEMBERS)


def test_it_lists_every_capability(tmp_path: Path) -> None:
    storage = ProgramStorage(tmp_path / "storage.sqlite")
    files = ProgramFiles(tmp_path / "files")
    offered = {capability.name for capability in Surroundings(storage, files, lambda: None).capabilities()}
    storage.close()
    files.close()
    listed = first_column(section("What a program may do"))
    own = {"storage.set": "setStorage", "storage.remove": "removeStorage", "storage.clear": "clearStorage",
           "telemetry": "reportEvent", "privacy.count": "reportCount", "request.abort": "request"}  # fmt: skip
    # What a test's board does not have, but other boards do.
    elsewhere = {
        "downloadFile", "uploadFile", "connectSocket", "createInnerAudioContext", "getRecorderManager",
        "getBatteryInfo", "exitMiniProgram", "restartMiniProgram", "showShareMenu", "loadFontFace", "getImageInfo",
        "initFaceDetect", "faceDetect", "stopFaceDetect", "ai", "reportHealth",
    }  # fmt: skip
    families = {"file": "getFileSystemManager", "inference": "createInferenceSession"}
    named = {families.get(name.partition(".")[0]) or own.get(name, name) for name in offered}
    assert named | elsewhere == listed - {"Sync"}


def test_it_lists_every_expectation() -> None:
    harness = (Path(__file__).parents[2] / "firmware_tools/testing/harness.js").read_text(encoding="utf-8")
    assert set(re.findall(r"^    (to[A-Z]\w+):", harness, re.MULTILINE)) == set(re.findall(r"`(to[A-Z]\w+)`", PAGE))
