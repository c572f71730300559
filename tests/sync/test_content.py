"""Pulling content: what a disk and a hostile or clumsy fleet may do to it."""

import asyncio
import dataclasses
import hashlib
import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from device_runtime.sync.content import ContentError, ContentPuller
from device_runtime.sync.link import TransportError
from device_runtime.sync.messages import ContentBlock, ContentRequest
from tests.sync.waiting import until

BLOCK = 1000
DATA = os.urandom(10 * BLOCK + 1)
SHA = hashlib.sha256(DATA).hexdigest()


class Wire:
    """Answers each request from ``DATA``, through ``alter``."""

    def __init__(self, alter: Callable[[ContentBlock], list[ContentBlock]] = lambda block: [block]) -> None:
        self.alter = alter
        self.asked: list[ContentRequest] = []
        self.most_at_once = 0
        self._open = 0
        self.puller: ContentPuller | None = None

    async def online(self) -> None:
        return

    async def ask(self, request: ContentRequest) -> None:
        self.asked.append(request)
        self._open += 1
        self.most_at_once = max(self.most_at_once, self._open)
        asyncio.get_running_loop().call_soon(self._answer, request)

    def _answer(self, request: ContentRequest) -> None:
        self._open -= 1
        assert self.puller
        piece = DATA[request.offset : request.offset + request.length]
        for block in self.alter(ContentBlock(request.id, request.sha256, request.offset, len(DATA), piece)):
            self.puller.on_block(block)


def puller_on(wire: Wire, folder: Path, **options: Any) -> ContentPuller:
    wire.puller = ContentPuller(folder, wire, **({"block_bytes": BLOCK, "patience": 0.02, "reserve": 0} | options))
    return wire.puller


def list_of(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_content_comes_whole_with_few_requests_in_flight(tmp_path: Path) -> None:
    wire, progress = Wire(), list[int]()
    path = await puller_on(wire, tmp_path, in_flight=3).fetch(SHA, len(DATA), progress.append)
    assert path.read_bytes() == DATA
    assert wire.most_at_once <= 3
    assert progress == [*range(0, 10 * BLOCK + 1, BLOCK), len(DATA)]


async def test_content_that_is_there_is_not_asked_for(tmp_path: Path) -> None:
    wire = Wire()
    puller = puller_on(wire, tmp_path)
    await puller.fetch(SHA, len(DATA), lambda _: None)
    asked = len(wire.asked)
    assert (await puller.fetch(SHA, len(DATA), lambda _: None)).read_bytes() == DATA
    assert len(wire.asked) == asked


async def test_content_that_was_damaged_on_the_disk_is_fetched_again(tmp_path: Path) -> None:
    puller = puller_on(Wire(), tmp_path)
    path = await puller.fetch(SHA, len(DATA), lambda _: None)
    path.write_bytes(DATA[:-1] + b"?")
    assert (await puller.fetch(SHA, len(DATA), lambda _: None)).read_bytes() == DATA


@pytest.mark.parametrize("left", [b"", DATA[: BLOCK // 2], DATA[:BLOCK], DATA, DATA + b"more"])
async def test_a_download_goes_on_at_any_length(tmp_path: Path, left: bytes) -> None:
    (tmp_path / f"{SHA}.part").write_bytes(left)
    wire = Wire()
    path = await puller_on(wire, tmp_path).fetch(SHA, len(DATA), lambda _: None)
    assert path.read_bytes() == DATA
    missing = len(DATA) - len(left) if len(left) <= len(DATA) else len(DATA)
    assert sum(request.length for request in wire.asked) == missing


async def test_zeros_that_a_power_cut_left_are_found_by_the_hash(tmp_path: Path) -> None:
    (tmp_path / f"{SHA}.part").write_bytes(bytes(3 * BLOCK))
    puller = puller_on(Wire(), tmp_path)
    with pytest.raises(ContentError, match="deleted and fetched again"):
        await puller.fetch(SHA, len(DATA), lambda _: None)
    assert (await puller.fetch(SHA, len(DATA), lambda _: None)).read_bytes() == DATA


async def test_late_and_repeated_answers_do_no_harm(tmp_path: Path) -> None:
    last: list[ContentBlock] = []

    def repeat(block: ContentBlock) -> list[ContentBlock]:
        answers = [*last, block, block]
        last[:] = [block]
        return answers

    path = await puller_on(Wire(repeat), tmp_path).fetch(SHA, len(DATA), lambda _: None)
    assert path.read_bytes() == DATA


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"size": len(DATA) + 1}, "of 10002, asked for"),
        ({"offset": 5}, "at 5 of"),
        ({"data": b"short"}, "gave 5 bytes"),
        ({"sha256": "00" * 32}, "asked for"),
        ({"data": b"", "error": "no such content"}, "does not give the content .*: no such content"),
    ],
)
async def test_an_answer_that_does_not_fit_is_told(tmp_path: Path, change: dict[str, Any], reason: str) -> None:
    wire = Wire(lambda block: [dataclasses.replace(block, **change)])
    with pytest.raises(ContentError, match=reason):
        await puller_on(wire, tmp_path).fetch(SHA, len(DATA), lambda _: None)


async def test_a_fleet_that_never_answers_is_told(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="did not answer 3 requests"):
        await puller_on(Wire(lambda _: []), tmp_path, tries=3).fetch(SHA, len(DATA), lambda _: None)


async def test_what_was_asked_on_a_connection_that_ended_is_asked_again_at_once(tmp_path: Path) -> None:
    wire = Wire(lambda _: [])
    puller = puller_on(wire, tmp_path, patience=60.0, tries=1)
    fetching = asyncio.ensure_future(puller.fetch(SHA, len(DATA), lambda _: None))
    await until(lambda: len(wire.asked) == 4)
    wire.alter = lambda block: [block]
    puller.on_disconnected()
    path = await fetching
    assert path.read_bytes() == DATA
    assert len(wire.asked) == 4 + 11


async def test_a_broker_that_refuses_requests_is_told_and_not_hammered(tmp_path: Path) -> None:
    wire = Wire()

    async def refuse(request: ContentRequest) -> None:
        wire.asked.append(request)
        raise TransportError("not authorized")

    wire.ask = refuse  # type: ignore[method-assign]
    with pytest.raises(ContentError, match="did not answer"):
        await puller_on(wire, tmp_path, tries=3).fetch(SHA, len(DATA), lambda _: None)
    assert len(wire.asked) <= 3 * 4


async def test_a_disk_that_fails_while_writing_is_told_and_what_came_is_kept(tmp_path: Path) -> None:
    puller = puller_on(Wire(), tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4 * BLOCK + 10, hard))  # a write beyond it fails
    try:
        with pytest.raises(ContentError, match="cannot be written: File too large"):
            await puller.fetch(SHA, len(DATA), lambda _: None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (tmp_path / f"{SHA}.part").stat().st_size >= 4 * BLOCK
    assert (await puller.fetch(SHA, len(DATA), lambda _: None)).read_bytes() == DATA


async def test_a_fetch_that_is_cancelled_leaves_what_came(tmp_path: Path) -> None:
    wire = Wire(lambda block: [block] if block.offset < 3 * BLOCK else [])
    puller = puller_on(wire, tmp_path, patience=60.0)
    part = tmp_path / f"{SHA}.part"
    fetching = asyncio.ensure_future(puller.fetch(SHA, len(DATA), lambda _: None))
    await until(lambda: part.exists() and part.stat().st_size == 3 * BLOCK)
    fetching.cancel()
    await asyncio.gather(fetching, return_exceptions=True)
    wire.alter = lambda block: [block]
    seen = len(wire.asked)
    assert (await puller.fetch(SHA, len(DATA), lambda _: None)).read_bytes() == DATA
    assert wire.asked[seen].offset == 3 * BLOCK


async def test_only_wanted_content_is_kept(tmp_path: Path) -> None:
    puller = puller_on(Wire(), tmp_path)
    (tmp_path / f"{'11' * 32}.part").write_bytes(b"x")
    (tmp_path / f"{'22' * 32}.ma").write_bytes(b"x")
    (tmp_path / "notes.txt").write_bytes(b"x")
    await puller.fetch(SHA, len(DATA), lambda _: None)
    puller.keep_only([SHA])
    assert {path.name for path in list_of(tmp_path)} == {f"{SHA}.ma", "notes.txt"}
