"""What a broker sends a board: any bytes are packets that are heard, or an end of the connection in a sentence; any
desired document is refused or one that the fleet signed."""

import asyncio
import base64
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

from device_runtime.keys import encode_public_key, key_id
from device_runtime.micro import clock
from device_runtime.micro.sync.desired import verify_desired
from device_runtime.micro.sync.link import split_response
from device_runtime.micro.sync.messages import SyncError
from device_runtime.micro.sync.mqtt import BUFFER_BYTES, Connection, MqttError
from device_runtime.sync.messages import canonical_json
from tests.fuzz.choices import Choices
from tests.fuzz.documents import mutated, written
from tests.fuzz.packages import KEY
from tests.fuzz.refusals import check_sentence

clock.ticks_ms = lambda: 0  # CPython has no ticks

_LONGEST = 16_384
_DEVICE_KEY = b"d" * 32
_SHA256 = "0" * 64
_TARGET = {"version_code": 1, "version_name": "1", "sha256": _SHA256, "size": 10, "launch": True, "digests": _SHA256}
_SIGNED = {
    "type": "desired", "fleet": "f", "device": "d", "version": 3, "issued": 1_700_000_000, "expires": 1_900_000_000,
    "programs": {"a": _TARGET}, "settings": {"volume": 3},
    "runtime": {"version": "1", "sha256": _SHA256, "size": 10, "digests": _SHA256},
}  # fmt: skip
_CONTENT = {"type": "content", "id": "1", "sha256": _SHA256, "offset": 0, "size": 5}
_PACKETS = (
    b"\x30\x07\x00\x01axyzw", b"\x32\x07\x00\x01a\x00\x01xy", b"\x40\x02\x00\x01", b"\x90\x03\x00\x01\x01",
    b"\xd0\x00", b"\x90\x03\x00\x01\x80", b"\x20\x02\x00\x00", b"\x30\xff\xff\xff\x7f\x00\x01a", b"\x30\x00",
    b"\x30\x80\x80\x80\x80\x01", b"\x36\x05\x00\x01a\x00\x01", b"\x30\x03\xff\xffa", b"\x32\x03\x00\x01a", b"\xe0\x00",
    b"\x30\x02\x00\x00", b"\x30\x81\x7f\x00\x01a" + b"x" * 16_000,
)  # fmt: skip
SEEDS = [b"\0\0" + packet for packet in _PACKETS[:5]]
Case = tuple[str, bytes]


def feed(data: bytes) -> None:
    choices = Choices(data)
    match choices.below(4):
        case 0:
            check(("packets", choices.rest()))
        case 1:
            parts = [choices.pick([*_PACKETS, bytes([choices.byte()])]) for _ in range(choices.below(8) + 1)]
            check(("packets", b"".join(parts)))
        case 2:
            head = written(mutated([_CONTENT, {"type": "telemetry", "epoch": "0" * 8, "sequence": 3}], choices))
            check(("response", head + choices.pick([b"\n", b"", b"\nxyz"])))
        case _:
            check((choices.pick(["desired", "desired by a key of its own"]), _envelope(choices)))


def _envelope(choices: Choices) -> bytes:
    signed = written(mutated([_SIGNED], choices)) if choices.below(2) else canonical_json(_SIGNED)
    sealed = choices.pick([signed, signed, b"{}"])
    signature = {
        "keyid": key_id(KEY.public_key()), "sig": base64.b64encode(KEY.sign(sealed)).decode(),
    }  # fmt: skip
    mac = base64.b64encode(hmac.digest(_DEVICE_KEY, sealed, "sha256")).decode()
    around = {"macs": [{"device": "d", "mac": mac}], "signatures": [signature]}
    head = written(mutated([around], choices) if choices.chance(2) else around)
    made = head[:-1] + b',"signed":' + signed + b"}"
    for _ in range(choices.below(3)):
        at = choices.below(len(made))
        made = made[:at] + choices.pick([b"", b'"signed":', b"}", b"\0", b'{"signed":{}', b"\xff"]) + made[at:]
    return made


def check(case: Case) -> None:
    kind, data = case
    if kind == "packets":
        asyncio.run(_hear(data))
        return
    try:
        if kind == "response":
            header, _ = split_response(memoryview(data))
            assert isinstance(header, dict)
            return
        identity: dict[str, Any] = {"fleet": "f", "device": "d", "fleet_key": encode_public_key(KEY.public_key())}
        if kind != "desired":
            identity |= {"signature": "hmac", "device_key": base64.b64encode(_DEVICE_KEY).decode()}
        desired = asyncio.run(verify_desired(data, identity))
    except SyncError as error:
        check_sentence(str(error))
        return
    except RecursionError:
        return  # of CPython's json: MicroPython's does not call itself
    signed = data[data.find(b'"signed":') + 9 : -1]
    assert json.loads(signed)["version"] == desired["version"], "what is followed is what was signed"
    assert (desired["fleet"], desired["device"]) == ("f", "d")
    assert 1 <= desired["version"] < 2**53
    for target in desired["programs"].values():
        assert len(target["sha256"]) == 64
        assert 1 <= target["size"] < 2**31


async def _hear(data: bytes) -> None:
    heard: list[int] = []

    def on_message(topic: bytes, payload: memoryview | None, _retained: bool) -> None:
        assert len(topic) <= 192
        assert payload is None or len(payload) <= _LONGEST
        heard.append(0 if payload is None else len(bytes(payload)))

    connection = Connection(on_message, _LONGEST, memoryview(bytearray(BUFFER_BYTES)))
    connection.stream = _Stream(data)
    try:
        while True:
            await connection._read()
    except MqttError as error:
        check_sentence(str(error))
    assert sum(heard) <= len(data)


class _Stream:
    """Gives the bytes in pieces, and takes any."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    async def readinto(self, buffer: memoryview) -> int:
        piece = self._data[self._at : self._at + min(len(buffer), 700)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def write(self, data: bytes) -> None:
        """It is gone."""

    async def drain(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is open."""

    async def wait_closed(self) -> None:
        """It is closed."""


def _desired(**members: Any) -> Callable[[], Case]:
    def made() -> Case:
        signed = written({**_SIGNED, **members})
        signature = {"keyid": key_id(KEY.public_key()), "sig": base64.b64encode(KEY.sign(signed)).decode()}
        return "desired", b'{"signatures":' + written([signature]) + b',"signed":' + signed + b"}"

    return made


CASES: Mapping[str, Callable[[], Case]] = {
    "a message of 256 MB": lambda: ("packets", b"\x30\xff\xff\xff\x7f\x00\x01a" + bytes(100_000)),
    "a length without end": lambda: ("packets", b"\x30\xff\xff\xff\xff\xff"),
    "a topic of 65,535 bytes": lambda: ("packets", b"\x30\xff\xff\x7f\xff\xff" + bytes(70_000)),
    "a response of lists": lambda: ("response", b"[" * 2000 + b"\n"),
    "a response of a number": lambda: ("response", b"1\n"),
    "a response that is no text": lambda: ("response", b"\xff\xfe\n"),
    "signatures that are an object": lambda: ("desired", b'{"signatures":{},"signed":{}}'),
    "signatures that are numbers": lambda: ("desired", b'{"signatures":[1,2],"signed":{}}'),
    "a signature that is no base64": lambda: (
        "desired", written({"signatures": [{"keyid": key_id(KEY.public_key()), "sig": "!"}]})[:-1] + b',"signed":{}}'),
    "lists around the signature": lambda: ("desired", b'{"signatures":' + b"[" * 9000 + b',"signed":{}}'),
    "MACs that are a number": lambda: ("desired by a key of its own", b'{"macs":1,"signed":{}}'),
    "MACs of half a character": lambda: (
        "desired by a key of its own", b'{"macs":[{"device":"d","mac":"\\ud800"}],"signed":{}}'),
    "no version": _desired(version=None),
    "programs that are a list": _desired(programs=[]),
    "a program that is a list": _desired(programs={"a": []}),
    "a program whose id is a path": _desired(programs={"../a": _TARGET}),
    "a runtime that is true": _desired(runtime=True),
    "half a character in a version": _desired(programs={"a": {**_TARGET, "version_name": "\ud800"}}),
    "a fleet that is half a character": _desired(fleet="\ud800"),
    "issued in the year 285 million": _desired(issued=2**53 - 1),
}  # fmt: skip
