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
    "def move(by):\n    global offset\n    offset += by\n"
    "def turn():\n    global _state\n    _state = 'of clock'\n    return _state\n",
    "own/sync/mqtt.py": "import json\n_TURN = 3\nclass Packet:\n    kind = 'p'\n    def text(self):\n"
    "        return json.dumps([self.kind, _TURN])\ndef text(value):\n    return 't' + str(value)\n"
    "os = 'ours'\n",
    "own/sync/link.py": "import json\nfrom .. import clock\nfrom .mqtt import Packet, text as said\n_TURN = 5\n"
    "def send(value):\n    return [said(value), Packet().text(), json.dumps(_TURN), clock.now()]\n"
    "from ..clock import now as clock_now\ndef help_with():\n    return 'of link'\n"
    "try:\n    [][1]\nexcept IndexError as error:\n    why = str(error)\n",
    "own/elsewhere.py": "def help_with():\n    return 'from elsewhere'\njson = 'of elsewhere'\nnow = 3\n",
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
    "what is read late and is deleted where it fails": "def main():\n    from .sync.link import send\n    try:\n"
    "        return send(1)\n    except ValueError:\n        del send\n",
    "names that another imports from elsewhere": "from .elsewhere import help_with\nfrom .sync.link import send\n"
    "def now():\n    return help_with()\ndef main():\n    return [now(), send(1)]\n",
    "what another has from its group": "from .sync import link\nfrom .sync.link import said\ndef main():\n"
    "    return [said(1), link.said(2), link.clock_now()]\n",
    "a list that is made of one of its name": "from .sync.link import send\n_TURN = [1, 2]\ndef main():\n"
    "    return [_TURN for _TURN in _TURN] + [send(1)]\n",
    "a function without a name in a class": "from .sync.mqtt import text\nclass Both:\n    text = 'member'\n"
    "    told = lambda self: text(1)\ndef main():\n    return Both().told()\n",
    "a state that only functions make": "from . import clock\ndef main():\n    global _state\n    _state = 1\n"
    "    return [clock.turn(), _state]\n",
    "errors that get one name": "from .sync.link import why\ntry:\n    1 / 0\nexcept ZeroDivisionError as error:\n"
    "    said = str(error)\ndef main():\n    return [said, why]\n",
    "a module in a package of Python's": "from .sync.mqtt import os as ours\ndef main():\n    import os.path\n"
    "    return [os.path.basename('a/b'), ours]\nos = 3\n",
    "a function in a function that sets a name of it": "from .sync.mqtt import text\n_TURN = 1\ndef main():\n"
    "    _TURN = 2\n    def inner():\n        nonlocal _TURN\n        _TURN += 1\n"
    "    inner()\n    return text(_TURN)\n",
    "a class of a class of another that has its name": "from .sync import mqtt\nclass Packet(mqtt.Packet):\n"
    "    def text(self):\n        return super().text() + 'more'\ndef main():\n    return Packet().text()\n",
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
    assert sorted(joined) == [
        *(f"own/{name}.py" for name in ("__init__", "elsewhere", "main", "rare", "sync/__init__"))
    ]
    assert run(joined, tmp_path / "joined") == run(sources, tmp_path / "apart")


@pytest.mark.parametrize(
    ("main", "sentence"),
    [
        ("from . import clock\ndef main():\n    clock.offset = 1\n", "own/main.py:3: it sets offset of a module"),
        ("from . import clock\ndef main():\n    return clock\n", "own/main.py:3: clock is a module that is joined"),
        ("from . import clock\ndef main(now):\n    return clock.now()\n", "own/main.py:3: now is a name of this"),
        ("from .sync.mqtt import text as t\ndef main(text_mqtt):\n    return t(1)\ntext = 1\n", "rename one"),
        (
            "from .elsewhere import json\n",
            "own/main.py: json is from own.elsewhere import json here, and import json in another",
        ),
        ("def now_clock(): pass\ndef now(): pass\n", "own/main.py: now_clock becomes"),
        ("from .sync.mqtt import text\ndef main():\n    global text\n    text = 1\n", "text is imported and then set"),
        ("from .clock import offset\n", "own/main.py: offset of own.clock changes"),
        ("def main(): pass\ndef max(a, b): pass\n", "own/main.py: max is a name of Python's own"),
        ("from .sync.mqtt import text\ntext = text(1)\n", "own/main.py: text is imported and then set"),
        ("from .sync.mqtt import *\n", "own/main.py:1: it imports all"),
        ("from own.sync.mqtt import text\n", "own/main.py:1: it imports from own.sync.mqtt by its whole name"),
        ("import own.clock\n", "own/main.py:1: it imports own.clock by its whole name"),
        ("class Both:\n    from .sync.mqtt import text\n", "own/main.py:2: a class imports"),
        ("from .sync.mqtt import text as t\nclass Both:\n    t = t\n", "own/main.py:3: t is a name of this class"),
        ("from .sync.mqtt import text as t\nclass Both:\n    def m(self, a=t): pass\n    t = 1\n", "of this class"),
        ("def main(text=None):\n    from .sync.mqtt import text\n", "a function means by text more than"),
        ("def main():\n    t = 1\n    if t:\n        from .sync.mqtt import text as t\n", "means by t more than"),
        (
            "def main():\n    def inner():\n        return text\n    from .sync.mqtt import text\n",
            "means by text more than",
        ),
        (
            "def main(a):\n    if a: from .clock import now as t\n    else: from .sync.mqtt import text as t\n",
            "means by t more than",
        ),
        (
            "def main(a):\n    if a: from .clock import now as t\n    else: from .elsewhere import now as t\n",
            "means by t more than",
        ),
        ("from .sync.mqtt import nothing\n", "own/sync/mqtt.py: nothing is not its own"),
        ("from . import clock\ndef main():\n    return clock.moved\n", "own/clock.py: moved is not its own"),
        ("import os as json\n", "own/main.py: json is import os here, and import json in another"),
    ],
)
def test_what_cannot_be_joined_is_refused(main: str, sentence: str) -> None:
    with pytest.raises(JoinError, match=sentence):
        join({**BEGINNING, "own/main.py": main}, GROUPS)


def test_a_module_that_was_joined_is_no_value_elsewhere() -> None:
    rare = "from . import clock\ndef work(use):\n    return use(clock)\n"
    with pytest.raises(JoinError, match=r"own/rare.py:3: clock is a module that is joined with others"):
        join({**BEGINNING, "own/main.py": "", "own/rare.py": rare}, GROUPS)


def test_a_state_of_a_function_is_not_that_of_one_around_it() -> None:
    clock = "offset = 1\ndef now():\n    offset = 2\n    def set_it():\n        global offset\n        offset = 3\n"
    with pytest.raises(JoinError, match=r"own/clock.py:5: offset is a name of a function around this one"):
        join({**BEGINNING, "own/main.py": "offset = 2\n", "own/clock.py": clock}, GROUPS)


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
