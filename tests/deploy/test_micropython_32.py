"""Fetching a MicroPython with 32-bit words: where that is not possible, the tests that want it are left out."""

import os
import subprocess
from pathlib import Path

import pytest

_SCRIPT = Path(__file__).parents[2] / "deploy" / "micropython_32.sh"
_APT = """#!/bin/sh
case "$*" in
*" update") exit {update} ;;
*) echo nothing > broken_i386.deb; exit {download} ;;
esac
"""


@pytest.mark.parametrize(
    ("machine", "apt"),
    [
        ("aarch64", _APT.format(update=0, download=0)),
        ("x86_64", "#!/bin/sh\nexit 100\n"),
        ("x86_64", _APT.format(update=100, download=0)),
        ("x86_64", _APT.format(update=0, download=100)),
        ("x86_64", _APT.format(update=0, download=0)),
    ],
    ids=["another machine", "an apt-get that fails", "no network", "no such package", "a damaged package"],
)
def test_what_cannot_be_fetched_is_a_note_and_no_failure(machine: str, apt: str, tmp_path: Path) -> None:
    for name, text in {"uname": f"#!/bin/sh\necho {machine}\n", "apt-get": apt}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    ran = subprocess.run(
        ["bash", _SCRIPT, "words"], cwd=tmp_path, env={**os.environ, "PATH": path}, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert "note: no 32-bit MicroPython here (" in ran.stderr
    assert "its tests are left out" in ran.stderr
    assert not [each for each in tmp_path.iterdir() if each.name.startswith("words")]
