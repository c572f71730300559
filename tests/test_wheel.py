"""A wheel works without the checkout: models, board configurations and examples travel in it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs Python with the installed wheel, in an empty folder with an empty home."""
    folder = tmp_path_factory.mktemp("wheel")
    python = [sys.executable, "-m"]
    subprocess.run(
        [*python, "build", "--wheel", "--no-isolation", "--outdir", str(folder / "dist"), str(ROOT)],
        check=True,
        capture_output=True,
    )
    (wheel,) = (folder / "dist").glob("*.whl")
    subprocess.run(
        [*python, "pip", "install", "--quiet", "--no-deps", "--target", str(folder / "site"), str(wheel)],
        check=True,
        capture_output=True,
    )
    home = folder / "home"
    home.mkdir()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        # Before the checkout, which an editable installation puts at the end.
        "PYTHONPATH": str(folder / "site"),
    }

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=home,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )

    return run


def test_the_wheel_is_what_runs(run: Run) -> None:
    answer = run("-c", "import device_runtime, firmware_tools; print(device_runtime.__file__, firmware_tools.__file__)")
    assert str(ROOT) not in answer.stdout
    assert "/site/device_runtime/" in answer.stdout, answer.stderr


def test_board_configurations_travel(run: Run) -> None:
    answer = run("-m", "firmware_tools.cli", "board", "list", "--json")
    names = {board["name"] for board in json.loads(answer.stdout)}
    assert names == {path.stem for path in (ROOT / "board_configs").glob("*.toml")}


def test_every_model_loads(run: Run) -> None:
    code = (
        "from device_runtime.inference.store import ModelStore\n"
        "store = ModelStore()\n"
        "for card in store.cards(): store.read(card); print(card.name)"
    )
    answer = run("-c", code)
    assert answer.returncode == 0, answer.stderr
    assert set(answer.stdout.split()) == {path.parent.name for path in (ROOT / "models").glob("*/card.toml")}


def test_a_program_is_made_built_and_tested(run: Run) -> None:
    for arguments in (("new", "hello"), ("build", "hello"), ("test", "hello")):
        answer = run("-m", "firmware_tools.cli", "program", *arguments)
        assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "passed" in answer.stdout


def test_the_screen_is_served(run: Run) -> None:
    code = (
        "from device_runtime.host.screen import content\n"
        "assert (content._WEB / 'index.html').is_file()\n"
        "from firmware_tools.fleet import web\n"
        "assert (web._PAGE / 'index.html').is_file()"
    )
    answer = run("-c", code)
    assert answer.returncode == 0, answer.stderr
