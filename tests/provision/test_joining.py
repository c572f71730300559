"""Modules made one: what they do stays, and what cannot be joined is refused."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from firmware_tools.provision.packing.joining import JoinError, join

GROUPS = {"own/main.py": ("own/clock.py", "own/sync/link.py", "own/sync/mqtt.py")}
BEGINNING = {
    "own/__init__.py": "",
    "own/sync/__init__.py": "",
    "own/clock.py": "offset = 2\ndef now():\n    return 40 + offset\n"
    "def move(by):\n    global offset\n    offset += by\n",
    "own/sync/mqtt.py": "import json\n_TURN = 3\nclass Packet:\n    kind = 'p'\n    def text(self):\n"
    "        return json.dumps([self.kind, _TURN])\ndef text(value):\n    return 't' + str(value)\n",
    "own/sync/link.py": "import json\nfrom .. import clock\nfrom .mqtt import Packet, text as said\n_TURN = 5\n"
    "def send(value):\n    return [said(value), Packet().text(), json.dumps(_TURN), clock.now()]\n",
    "own/rare.py": "from . import clock\nfrom .sync.link import _TURN, send\ndef work():\n"
    "    clock.move(1)\n    return [*send('r'), _TURN]\n",
}
MAINS = {
    "what others define under one name stays apart": "from .sync.link import send, _TURN as one\n"
    "from .sync.mqtt import _TURN as other\ndef main():\n    return [send(1), one, other]\n",
    "a local variable that is called as what another has": "from .sync.link import send\n"
    "def main():\n    text = 1\n    Packet = [text for text in (2, 3)]\n    return [send(text), Packet]\n",
    "what is read late is given up again": "from . import clock\ndef main():\n    from .rare import work\n"
    "    try:\n        return [work(), clock.now()]\n    finally:\n        del work\n",
    "what is read late and is joined needs no import": "def main():\n    from .sync.link import send\n"
    "    from . import clock\n    try:\n        return [send(1), clock.now()]\n    finally:\n        del send\n",
    "members of a class and what its methods mean": "from .sync.mqtt import text\nclass Both:\n    text = 'member'\n"
    "    same = text\n    def told(self):\n        return [text(self.text), self.same]\n"
    "def main():\n    return Both().told()\n",
    "functions in functions": "from . import clock\nfrom .sync.mqtt import text\ndef main(send=1):\n"
    "    def inner(value):\n        return text(value) + text(clock.now())\n"
    "    return [inner(send), (lambda text: text)(2)]\n",
    "annotations": "try:\n    from typing import TYPE_CHECKING, Any\n    if TYPE_CHECKING:\n"
    "        from .sync.link import Nothing\nexcept ImportError:\n    pass\nthing: 'Nothing' = 1\n"
    "def main(value: 'Any' = None) -> 'Nothing':\n    return [value, thing]\n",
    "a state of another module": "from . import clock\nclock.offset = 7\ndef main():\n    return clock.now()\n",
}


def run(sources: Mapping[str, str], folder: Path) -> object:
    for name, text in sources.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    code = "import json; from own.main import main; print(json.dumps(main()))"
    ran = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.mark.parametrize("main", MAINS.values(), ids=MAINS)
def test_joined_modules_do_what_they_did(main: str, tmp_path: Path) -> None:
    sources = {**BEGINNING, "own/main.py": main}
    joined = join(sources, GROUPS)
    assert sorted(joined) == ["own/__init__.py", "own/main.py", "own/rare.py", "own/sync/__init__.py"]
    assert run(joined, tmp_path / "joined") == run(sources, tmp_path / "apart")


@pytest.mark.parametrize(
    ("main", "sentence"),
    [
        ("from . import clock\ndef main():\n    clock.offset = 1\n", "own/main.py:3: it sets offset of a module"),
        ("from . import clock\ndef main():\n    return clock\n", "own/main.py:3: clock is a module that is joined"),
        ("from . import clock\ndef main(now):\n    return clock.now()\n", "own/main.py:3: now is a name of this"),
        ("from .sync.mqtt import text as t\ndef main(text_mqtt):\n    return t(1)\ntext = 1\n", "rename one"),
        ("import os as json\n", "own/main.py: json is import os here, and import json in another"),
    ],
)
def test_what_cannot_be_joined_is_refused(main: str, sentence: str) -> None:
    with pytest.raises(JoinError, match=sentence):
        join({**BEGINNING, "own/main.py": main}, GROUPS)


@pytest.mark.parametrize(
    ("groups", "sentence"),
    [
        ({**GROUPS, "own/rare.py": ("own/clock.py",)}, "own/clock.py: it is in two groups"),
        ({"own/main.py": ("own/clock.py", "own/clock.py")}, "own/main.py: a module is taken in twice"),
    ],
)
def test_groups_that_share_a_module_are_refused(groups: Mapping[str, tuple[str, ...]], sentence: str) -> None:
    with pytest.raises(JoinError, match=sentence):
        join({**BEGINNING, "own/main.py": ""}, groups)


def test_modules_that_import_each_other_are_refused() -> None:
    sources = {**BEGINNING, "own/main.py": "", "own/clock.py": "from .sync import link\ndef now(): return 1\n"}
    with pytest.raises(JoinError, match="it imports itself by way of"):
        join(sources, GROUPS)
