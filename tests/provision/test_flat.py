"""One folder for all modules that boards get."""

import subprocess
from pathlib import Path

import pytest

from device_runtime.micro.sync.messages import _PASSING
from firmware_tools.provision.packing.flat import flattened
from firmware_tools.provision.packing.groups import GROUPS
from firmware_tools.provision.packing.names import JoinError
from firmware_tools.provision.runtime import packed, runtime_sources

_SOURCES = {
    "micro/__init__.py": '"""All."""\n',
    "micro/clock.py": "def now():\n return 7\n",
    "micro/sync/__init__.py": '"""A folder."""\n',
    "micro/sync/link.py": "from .. import clock\nfrom ..clock import now as hour\n"
    "def sent():\n return clock.now() + hour()\n",
    "micro/view/__init__.py": "",
    "micro/view/deep/__init__.py": "",
    "micro/view/deep/page.py": (
        "from micro.sync import link as sender\n"
        "from ...sync.link import (\n sent,\n)\n"
        "import json\n"
        "NAME = 'micro.sync.link'\n"
        "TEXT = 'see micro.sync.link'\n"
        "def shown():\n"
        " found = __import__('micro.sync.link', None, None, ('sent',)); from ... import clock\n"
        " return json.dumps(['é', sent(), sender.sent(), found.sent(), clock.now(), found.__name__])\n"
    ),
}


def test_imports_and_names_of_modules_lead_to_where_they_are(micropython: str, tmp_path: Path) -> None:
    flat = flattened(_SOURCES)
    assert set(flat) == {"micro/__init__.py", "micro/clock.py", "micro/link.py", "micro/page.py"}
    for name, text in flat.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    script = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from micro import page; print(page.shown(), page.TEXT)"
    )
    done = subprocess.run([micropython, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == '["é", 14, 14, 14, 7, "micro.link"] see micro.sync.link\n', done.stderr


def test_what_no_import_changes_stays_to_the_letter() -> None:
    kernel = "import micropython\n@micropython.viper\ndef f(a: ptr8, n: int) -> int:\n return n  # é\n"
    assert flattened({"micro/sound/rows.py": kernel}) == {"micro/rows.py": kernel}


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"micro/view/link.py": ""}, "micro/view/link.py: on a board it would have the name of micro/sync/link.py"),
        ({"micro/clock/__init__.py": "x = 1\n"}, "micro/clock/__init__.py: a package of boards has no code of its own"),
        ({"micro/a.py": "\nfrom . import sync\n"}, "micro/a.py:2: it imports the package micro.sync: name a module"),
        ({"micro/a.py": "from .sync import linc\n"}, "micro/a.py:1: the package micro.sync has no linc"),
    ],
)
def test_what_cannot_lie_in_one_folder_is_refused(more: dict[str, str], sentence: str) -> None:
    with pytest.raises(JoinError) as caught:
        flattened({**_SOURCES, **more})
    assert str(caught.value).startswith(sentence)


def test_the_runtime_lies_in_one_folder() -> None:
    assert {name.rpartition("/")[0] for name in packed(runtime_sources())[0]} == {"micro"}


def test_of_the_part_that_talks_to_the_fleet_boards_keep_what_is_always_needed_and_give_back_the_rest() -> None:
    modules = {name for name in runtime_sources() if name.startswith("micro/sync/")} - {"micro/sync/__init__.py"}
    kept = {name for name in GROUPS["micro/runtime.py"] if name.startswith("micro/sync/")}
    assert {f"micro/sync/{name}.py" for name in _PASSING} == modules - kept
