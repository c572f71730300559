"""What the fuzz targets make of random bytes, read by MicroPython itself: its JSON, its texts and numbers differ."""

import base64
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from device_runtime.keys import encode_public_key
from tests.fuzz import micro_messages, micro_packages, same_views
from tests.fuzz.packages import KEY
from tests.micro.board import run_json

_HEAD = """
import asyncio, binascii, io, json
from micro.sync.messages import SyncError
refused, odd = [], []
def tried(number, function, *arguments):
    try:
        made = function(*arguments)
        return asyncio.run(made) if hasattr(made, "send") else made
    except {expected} as error:
        refused.append(str(error))
    except Exception as error:
        odd.append([number, type(error).__name__, str(error)])
"""
_MESSAGES = (
    _HEAD.replace("{expected}", "(SyncError, MqttError)")
    + """
from micro.sync.desired import verify_desired
from micro.sync.link import split_response
from micro.sync.mqtt import BUFFER_BYTES, Connection, MqttError
class Stream:
    def __init__(self, data):
        self.data, self.at = data, 0
    async def readinto(self, buffer):
        piece = self.data[self.at : self.at + min(len(buffer), 700)]
        buffer[: len(piece)] = piece
        self.at += len(piece)
        return len(piece)
    def write(self, data): pass
    async def drain(self): pass
async def listen(data):
    connection = Connection(lambda topic, payload, _: payload and bytes(payload), 16384,
                            memoryview(bytearray(BUFFER_BYTES)))
    connection.stream = Stream(data)
    while True:
        await connection._read()
for number, (kind, data) in enumerate(given["cases"]):
    data = binascii.unhexlify(data)
    if kind == "packets":
        tried(number, listen, data)
    elif kind == "response":
        tried(number, split_response, memoryview(data))
    else:
        tried(number, verify_desired, data, given["identity" if kind == "desired" else "macs"])
answer({"refused": refused, "odd": odd})
"""
)
_PACKAGES = (
    _HEAD.replace("{expected}", "SyncError")
    + """
from micro.sync.package import open_package
def reader(package):
    async def read(offset, length):
        data = package[offset : offset + length]
        return data + bytes(length - len(data))
    return read
for number, (data, digests) in enumerate(given["cases"]):
    data = binascii.unhexlify(data)
    tried(number, open_package, reader(data), {"size": len(data), "digests": digests})
answer({"refused": refused, "odd": odd})
"""
)
_VIEWS = (
    _HEAD.replace("{expected}", "(TemplateError, ViewError)").replace(
        "from micro.sync.messages import SyncError", "from micro.view.errors import TemplateError, ViewError"
    )
    + """
from micro.view.loader import load_template
from micro.view.page import PageView
from micro.view.routing import route
def played(document, data, changes):
    view = PageView(load_template(io.StringIO(document)), data, None, 300)
    view.render()
    for one in changes:
        view.update(one, [])
    for node in range(8):
        route(view, node, "tap")
        view.two_way_path(node, "value")
for number, case in enumerate(given["cases"]):
    tried(number, played, *case)
answer({"refused": refused, "odd": odd})
"""
)
_IDENTITY = {"fleet": "f", "device": "d", "fleet_key": encode_public_key(KEY.public_key())}
_MACS = {**_IDENTITY, "signature": "hmac", "device_key": base64.b64encode(b"d" * 32).decode()}


def _made(target: Any, count: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """What a target would check, for so many inputs, and its cases."""
    kept: list[Any] = []
    with monkeypatch.context() as patched:
        patched.setattr(target, "check", kept.append)
        for seed in range(count):
            target.feed(random.Random(seed).randbytes(200))  # noqa: S311 no secret
    yield from kept
    for case in target.CASES.values():
        yield case()


def _check(made: Any) -> None:
    assert made["odd"] == []
    assert len(made["refused"]) > 20
    assert all(sentence and "\n" not in sentence for sentence in made["refused"])


def test_packets_documents_and_responses_are_read_or_refused(
    micropython: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = [(kind, data.hex()) for kind, data in _made(micro_messages, 400, monkeypatch)]
    given = {"cases": cases, "identity": _IDENTITY, "macs": _MACS}
    _check(run_json(micropython, _MESSAGES, given, tmp_path, heap="8m"))


def test_packages_are_read_or_refused(micropython: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [(package.hex(), micro_packages.promised(package)) for package in _made(micro_packages, 200, monkeypatch)]
    _check(run_json(micropython, _PACKAGES, {"cases": cases}, tmp_path, heap="16m"))


def test_templates_are_shown_or_refused(micropython: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = []
    for document, data, changes in _made(same_views, 500, monkeypatch):
        if _is_text(document) and _is_text([data, changes]):
            cases.append([json.dumps(document), data, changes])
    _check(run_json(micropython, _VIEWS, {"cases": cases}, tmp_path, heap="64m"))


def _is_text(given: Any) -> bool:
    plain: Callable[[Any], bool] = same_views._is_plain
    return plain(given)
