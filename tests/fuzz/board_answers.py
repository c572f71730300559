"""What a board says over its cable, and what is on its drive: an answer that is used, or an error in a sentence."""

import hashlib
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from device_runtime.micro.records import record_bytes
from firmware_tools.flash.drives import read_drive
from firmware_tools.provision.connection import BoardConnection, BoardFacts, _facts
from firmware_tools.provision.console import parse_line
from firmware_tools.provision.delivery import plan_delivery
from firmware_tools.provision.errors import ProvisionError
from firmware_tools.provision.held import look_at, parse_record
from firmware_tools.provision.rom import look_at_rom
from firmware_tools.provision.sentences import board_sentence, entry_sentence
from tests.fuzz.choices import Choices
from tests.fuzz.documents import mutated, written
from tests.fuzz.refusals import check_refusal, check_sentence

_FILES = {"/cygnet/a/runtime.json": b"{}", "/main.py": b"main"}
_DIGEST = hashlib.sha256(b"main").digest()
_LISTED = [
    ["/main.py", 4, _DIGEST],
    ["/cygnet", -1, b""],
    ["/cygnet/a", -1, b""],
    ["/cygnet/a/x", 1, b""],
    [4096, 99, 1],
]
_ROM: list[Any] = [262144, 4096, 1, _DIGEST, ["cygnet"]]
_TOLD: list[Any] = [("micropython", (1, 27, 0), "Raspberry Pi Pico W with RP2040", "RPI_PICO_W", 4614)]
_IDENTITY = {
    "fleet": "f", "device": "d", "broker": {"host": "h", "port": 1883, "tls": False}, "fleet_key": "k", "wifi": [],
    "time": 1,
}  # fmt: skip
_LINES = ("b'", "(", "[" * 900, "9" * 5000, "None", "\x1b]0;x\x07", "'\\ud800'", "-1", "1e999", "{}", "...", "\0", "/x")
_HOME = tempfile.TemporaryDirectory(prefix="cygnet-fuzz-")
_PLACE = Path(_HOME.name)
SEEDS: list[bytes] = []
Case = tuple[str, bytes]
_KINDS = ("facts", "list", "files", "record", "line", "drive", "raised", "heard", "rom")


def feed(data: bytes) -> None:
    choices = Choices(data)
    kind = choices.pick(_KINDS)
    if choices.below(2):
        check((kind, choices.rest()))
    elif kind == "facts":
        check((kind, repr(_python(mutated(_TOLD, choices), choices)).encode(errors="replace")))
    elif kind == "list":
        lines = [repr(_python(line, choices)) for line in _LISTED] + [choices.pick(_LINES)] * choices.below(2)
        check((kind, "\n".join(lines).encode(errors="replace")))
    elif kind == "rom":
        check((kind, repr(_python(_ROM, choices)).encode(errors="replace")))
    elif kind == "files":
        body = written(mutated([_IDENTITY], choices))
        check((kind, repr(("/cygnet/identity.json", _python(body, choices))).encode(errors="replace")))
    else:
        check((kind, record_bytes({"a": 1}, choices.below(3)) + choices.pick(_LINES).encode()))


def _python(document: Any, choices: Choices) -> Any:
    """With something else in one place."""
    if isinstance(document, list | tuple) and document and choices.chance(3):
        made = list(document)
        made[choices.below(len(made))] = choices.pick([None, -1, 0, 2**70, 0.5, "x", b"x", [], {}, "\x1b[2J", "\ud800"])
        return made
    return document


def check(case: Case) -> None:
    kind, data = case
    text = data.decode(errors="replace")
    board = _Board(text)
    try:
        match kind:
            case "facts":
                facts = _facts(board.answers("", ""), "/dev/x")
                assert all(isinstance(part, int) for part in facts.version)
                check_sentence(f"it is {facts.machine} {facts.name}")
            case "list":
                plan = plan_delivery(board, _FILES, ["/cygnet/a"], ["/x"])
                assert all(path.startswith("/") for path in plan.remove)
            case "files":
                held = look_at(board)
                assert held.identity is None or held.identity.fleet
            case "record":
                parse_record(data)
            case "rom":
                rom = look_at_rom(board, 9)
                check_sentence(
                    f"it has {rom.size:d} bytes of ROM, {rom.block:d} a block, with {', '.join(rom.entries)}"
                )
            case "line":
                said = parse_line(text.replace("\n", " "))
                assert "\x1b" not in said.text + said.source
            case "raised":
                raise board_sentence("/dev/x", "listening", text)
            case "heard":
                check_sentence(entry_sentence("/dev/x", data))
            case _:
                (_PLACE / "INFO_UF2.TXT").write_bytes(data)
                drive = read_drive(_PLACE)
                assert drive is not None
                check_sentence(f"a drive of {drive.board_id} {drive.model}")
    except ProvisionError as error:
        check_refusal(error)


class _Board(BoardConnection):
    """Says one thing, whatever it is asked."""

    def __init__(self, text: str) -> None:
        self._text, self.port = text, "/dev/x"
        self.facts = BoardFacts("micropython", (1, 27, 0), "", "", 0)

    def run(self, _code: str, _doing: str, *, silence: float = 0) -> str:  # noqa: ARG002
        return self._text


def _said(kind: str, text: str) -> Callable[[], Case]:
    return lambda: (kind, text.encode())


CASES: Mapping[str, Callable[[], Case]] = {
    "lists without end as what it is": _said("facts", "[" * 5000),
    "no answer to what it is": _said("facts", "Traceback"),
    "a version of texts": _said("facts", "('micropython',('a',),'','',0)"),
    "a machine that leads the terminal": _said("facts", "('micropython',(1,27,0),'\\x1b[2J','',0)"),
    "a size that is a text": _said("list", "['/main.py','x',b'']\n[4096,99,1]"),
    "a path that is a number": _said("list", "[1,1,b'']\n[4096,99,1]"),
    "blocks of no bytes": _said("list", "[0,99,1]"),
    "blocks that are nothing": _said("list", "[None,None,None]"),
    "a list without end": _said("list", "[" * 5000),
    "files that nobody asked for": _said("files", "('/etc/passwd',b'x')"),
    "a ROM whose names lead the terminal": _said("rom", repr([4096, 0, 1, b"", ["\x1b[2J" * 99, 1] * 99])),
    "a ROM of less than nothing": _said("rom", "[-1,0,1,b'',[]]"),
    "a ROM of a text": _said("rom", "['x',0,1,b'',[]]"),
    "a file that is a number": _said("files", "('/main.py',1)"),
    "an identity of lists": _said("files", repr(("/cygnet/identity.json", b"[" * 100_000))),
    "a record of lists": lambda: ("record", _sealed(b"[" * 100_000 + b"\n1")),
    "a record of a list": lambda: ("record", _sealed(b"[]\n1")),
    "a line that leads the terminal": _said("line", "info a: \x1b[2J"),
    "an error that leads the terminal": _said("raised", "OSError: \x1b]0;x\x07" + "x" * 5000),
    "a drive that leads the terminal": _said("drive", "Board-ID: \x1b[2J\r\nModel: \x07"),
}


def _sealed(text: bytes) -> bytes:
    return text + b" " + hashlib.sha256(text).hexdigest().encode() + b"\n"
