"""The gate between the event loop, the thread that verifies, and the wire."""

import asyncio
import hashlib
import subprocess
import sys
from collections.abc import Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from device_runtime.sealed.seal import DIGESTS
from device_runtime.sync.desired import Desired, ProgramTarget
from device_runtime.sync.link import TransportError
from device_runtime.sync.messages import MetadataBlock, MetadataRequest
from device_runtime.sync.metadata import (
    MetadataMissingError,
    MetadataPuller,
    MetadataTooLongError,
    MetadataUnavailableError,
)
from device_runtime.trust.errors import TrustError
from device_runtime.trust.layer import TrustLayer
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.metadata import metadata_block
from firmware_tools.fleet.trust.releases import Offer, offer
from firmware_tools.sign.keys import load_private_key
from tests.fleet.packages import small_package
from tests.sync.waiting import until
from tests.trust.world import APP, World, offer_of


class Wire:
    """Carries requests to the fleet's own answers; ``answer`` may be another's."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.asked: list[MetadataRequest] = []
        self.answer: Callable[[MetadataRequest], MetadataBlock | None] = lambda request: metadata_block(
            world.repository, request
        )
        self.hear: Callable[[MetadataBlock], None] = lambda _block: None

    async def online(self) -> None: ...

    async def ask_metadata(self, request: MetadataRequest) -> None:
        self.asked.append(request)
        block = self.answer(request)
        if block is not None:
            asyncio.get_running_loop().call_soon(self.hear, block)


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.begin()
    return made


def layer_of(world: World, wire: Wire, **options: Any) -> TrustLayer:
    key = load_private_key(world.home.key_file).public_key()
    pin = options.pop("pin", world.root_pin())
    told: list[Any] = options.pop("told", [])
    layer = TrustLayer(
        world.folder / "layer",
        "north",
        key,
        pin,
        lambda *record: told.append(record),
        clock=lambda: world.now,
        **options,
    )
    layer.use(wire)
    wire.hear = layer.on_block
    return layer


@asynccontextmanager
async def running(work: Coroutine[Any, Any, None]) -> Any:
    task = asyncio.ensure_future(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def target(item: Offer, **changes: Any) -> ProgramTarget:
    values = {"version_code": int(item.path.split("/")[2].removesuffix(".ma")), "version_name": item.version_name}
    return ProgramTarget(**{**values, "sha256": item.sha256, "size": item.size, **changes})


async def test_what_both_name_is_approved_and_nothing_else(world: World) -> None:
    layer = layer_of(world, Wire(world))
    lamp = offer_of(APP, 1)
    async with running(layer.run()):
        await layer.approve("programs", APP, target(lamp))
        for other in (target(lamp, size=5), target(lamp, sha256="ab" * 32)):
            with pytest.raises(TrustError, match=r"are desired, expected 18 bytes with .* the role house version 2"):
                await layer.approve("programs", APP, other)
        with pytest.raises(TrustError, match=r"names models/org.example.lamp/1.ma, expected one that does"):
            await layer.approve("models", APP, target(lamp))
        with pytest.raises(TrustError, match=r"names programs/org.example.lamp/2.ma"):
            await layer.approve("programs", APP, target(lamp, version_code=2))


async def test_a_package_with_other_files_than_were_signed_for_is_not_installed(world: World, tmp_path: Path) -> None:
    """A fleet that lies to a developer: the package's SHA-256 that was signed is of something else than its files."""
    import io
    import zipfile

    package, seen = small_package(code=7, size=100), small_package(code=7, size=99)
    digests = [hashlib.sha256(zipfile.ZipFile(io.BytesIO(data)).read(DIGESTS)).hexdigest() for data in (package, seen)]
    sha256 = hashlib.sha256(package).hexdigest()
    honest = Offer(f"programs/{APP}/7.ma", sha256, len(package), digests[0], "1.7.0")
    lie = Offer(f"programs/{APP}/8.ma", sha256, len(package), digests[1], "1.7.0")
    offer(world.repository, [honest, lie])
    path = tmp_path / "package.ma"
    path.write_bytes(package)
    layer = layer_of(world, Wire(world))
    async with running(layer.run()):
        await layer.inspect(path, "programs", APP, target(honest))
        with pytest.raises(
            TrustError, match=r"its list of files has the SHA-256 .*, expected .* the role house version 3"
        ):
            await layer.inspect(path, "programs", APP, target(lie))
        path.write_bytes(b"rubbish")
        with pytest.raises(TrustError, match="it is no package"):
            await layer.inspect(path, "programs", APP, target(honest))


async def test_the_loop_goes_on_while_an_answer_does_not_come_and_the_end_waits_for_nothing(world: World) -> None:
    wire = Wire(world)
    wire.answer = lambda _request: None
    layer = layer_of(world, wire, patience=600.0)
    async with running(layer.run()):
        waiting = asyncio.ensure_future(layer.approve("programs", APP, target(offer_of(APP, 1))))
        await until(lambda: bool(wire.asked))
        for _ in range(100):
            await asyncio.sleep(0)
        assert not waiting.done()
    with pytest.raises(TrustError, match="stopping"):
        await waiting


async def test_without_a_root_everything_passes_and_nobody_is_asked(world: World) -> None:
    wire = Wire(world)
    layer = layer_of(world, wire, pin=None)
    async with running(layer.run()):
        await layer.approve("programs", APP, target(offer_of(APP, 1), sha256="ab" * 32))
        await layer.inspect(Path("nowhere"), "programs", APP, target(offer_of(APP, 1)))
        layer.on_refused()
        assert not wire.asked


def test_a_device_without_a_root_does_not_load_the_library() -> None:
    code = "import device_runtime.trust.layer, device_runtime.sync.agent, sys; assert 'tuf' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


async def test_the_root_that_a_document_names_is_taken_once(world: World) -> None:
    wire, pin = Wire(world), world.root_pin()
    layer = layer_of(world, wire, pin=None)
    async with running(layer.run()):
        await layer.on_desired(Desired("north", "kitchen", 1, 1, {}, root=pin), 1)
        await until(lambda: layer.root_version == 1)
        with pytest.raises(TrustError, match="no role"):
            await layer.approve("programs", APP, target(offer_of(APP, 5)))


async def test_a_refused_document_makes_the_device_look_at_once_but_a_flood_of_them_once(world: World) -> None:
    wire = Wire(world)
    layer = layer_of(world, wire, fresh=0.2)
    async with running(layer.run()):
        await layer.approve("programs", APP, target(offer_of(APP, 1)))

        def looks() -> int:
            return len([request for request in wire.asked if request.name == "timestamp.json"])

        before = looks()
        for _ in range(500):
            layer.on_refused()
            await asyncio.sleep(0)
        assert looks() <= before + 1
        await until(lambda: looks() == before + 1)


async def test_what_is_wrong_is_told_once(world: World) -> None:
    wire, told = Wire(world), list[Any]()
    wire.answer = lambda request: MetadataBlock(request.id, request.name, 0, 7, b"rubbish")
    layer = layer_of(world, wire, told=told, fresh=0.0)
    async with running(layer.run()):
        await until(lambda: bool(told))
        for _ in range(5):
            layer.on_refused()
            before = len(wire.asked)
            await until(lambda: len(wire.asked) > before)  # noqa: B023 - awaited in the turn
    assert len(told) == 1
    source, name, values = told[0]
    assert (source, name) == ("sync", "metadata_refused")
    assert "root version 1 is refused: its SHA-256 is" in values["reason"]


# The transfer


class Answers:
    """A carrier that answers by a function, through ``puller``."""

    def __init__(self, answer: Callable[[MetadataRequest], MetadataBlock | None]) -> None:
        self.answer = answer
        self.count = 0
        self.puller = MetadataPuller(self, patience=0.01, tries=3)

    async def online(self) -> None: ...

    async def ask_metadata(self, request: MetadataRequest) -> None:
        self.count += 1
        block = self.answer(request)
        if block is None:
            raise TransportError("not now")
        asyncio.get_running_loop().call_soon(self.puller.on_block, block)


def _piece(data: bytes) -> Callable[[MetadataRequest], MetadataBlock]:
    return lambda request: MetadataBlock(
        request.id, request.name, request.offset, len(data), data[request.offset : request.offset + request.length]
    )


async def test_a_file_of_several_blocks_is_put_together() -> None:
    data = bytes(range(256)) * 600
    assert await Answers(_piece(data)).puller.fetch("3.acme.json", 200_000) == data


async def test_nothing_longer_than_it_may_be_is_asked_for() -> None:
    answers = Answers(_piece(b" " * 4_000_000))
    with pytest.raises(MetadataTooLongError, match="would have 4000000 bytes, but it may have 100000 at most"):
        await answers.puller.fetch("3.acme.json", 100_000)
    assert answers.count == 1


@pytest.mark.parametrize(
    ("answer", "error", "sentence"),
    [
        (
            lambda r: MetadataBlock(r.id, r.name, 0, 0, b"", "none", True),
            MetadataMissingError,
            "has no metadata called",
        ),
        (
            lambda r: MetadataBlock(r.id, r.name, 0, 0, b"", "the disk is full"),
            MetadataUnavailableError,
            "disk is full",
        ),
        (lambda r: MetadataBlock(r.id, "root.json", 0, 5, b"12345"), MetadataUnavailableError, "of root.json, asked"),
        (lambda r: MetadataBlock(r.id, r.name, 1, 5, b"1234"), MetadataUnavailableError, "4 bytes at 1 of 5"),
        (lambda r: MetadataBlock(r.id, r.name, 0, 5, b"1234"), MetadataUnavailableError, "asked for 5 at 0"),
        (
            lambda r: MetadataBlock("other", r.name, 0, 5, b"12345"),
            MetadataUnavailableError,
            "did not answer 3 requests",
        ),
        (lambda _: None, MetadataUnavailableError, "did not answer 3 requests"),
    ],
)
async def test_an_answer_that_does_not_fit_is_one_sentence(
    answer: Callable[[MetadataRequest], MetadataBlock | None], error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        await Answers(answer).puller.fetch("timestamp.json", 1000)


def test_a_fleet_gives_nothing_but_its_metadata(world: World) -> None:
    for name in ("trust.json", "../trust.json", "9.root.json", "root.json"):
        with pytest.raises(FleetError, match="there is no such metadata"):
            world.repository.read_block(name, 0, 100)
