"""Content in shorter forms: what becomes of frames, good and hostile, and how a download falls back to the whole."""

import asyncio
import dataclasses
import errno
import hashlib
import io
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_runtime.sync import zstd
from device_runtime.sync.content import ContentError, ContentPuller
from device_runtime.sync.content_messages import SMALL_BYTES, ContentAnswer, ContentForm, ContentPlan
from device_runtime.sync.messages import ContentBlock, ContentRequest
from device_runtime.sync.zstd import DELTA, ZSTD, FormError
from tests.sync.waiting import until

pytestmark = pytest.mark.skipif(not zstd.is_here(), reason="needs Zstandard: pip install 'cygnet[content]'")

BLOCK = 1000


def noise(name: str, size: int) -> bytes:
    """Bytes that do not compress, the same at each run."""
    return hashlib.shake_256(name.encode()).digest(size)


BASE = noise("base", 40_000)
WHOLE = BASE[:20_000] + noise("new", 3_000) + BASE[20_500:] + b"text, again and again. " * 1000


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


DELTA_FRAME, ZSTD_FRAME = zstd.compress(WHOLE, BASE), zstd.compress(WHOLE)
DELTA_FORM = ContentForm(DELTA, sha(DELTA_FRAME), len(DELTA_FRAME), sha(BASE))
ZSTD_FORM = ContentForm(ZSTD, sha(ZSTD_FRAME), len(ZSTD_FRAME))


def decoded(frame: bytes, size: int, base: bytes | None = None) -> bytes:
    out = io.BytesIO()
    digest = zstd.decompress(io.BytesIO(frame), out.write, size, base)
    assert digest == sha(out.getvalue())
    return out.getvalue()


# Frames


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=3000), st.binary(min_size=1, max_size=3000), st.lists(st.integers(0, 2999), max_size=8))
def test_what_was_encoded_becomes_the_same_again(base: bytes, new: bytes, cuts: list[int]) -> None:
    data = b"".join(base[cut : cut + 500] for cut in cuts) + new
    assert decoded(zstd.compress(data), len(data)) == data
    if len(base) >= 8:
        assert decoded(zstd.compress(data, base), len(data), base) == data


def test_a_delta_holds_little_more_than_what_is_new() -> None:
    assert 3_000 < len(DELTA_FRAME) < 3_300
    assert len(DELTA_FRAME) < len(ZSTD_FRAME) / 10


def test_a_delta_points_to_all_of_a_base_that_is_larger_than_a_window() -> None:
    base = noise("large", 1_000_000)
    data = base[-1000:] + base[:60_000] + base[500_000:501_000]
    delta = zstd.compress(data, base)
    assert len(delta) < 100
    assert decoded(delta, len(data), base) == data


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.integers(1, 5000), st.booleans())
def test_any_bytes_are_refused_or_become_as_many_as_promised(frame: bytes, size: int, delta: bool) -> None:
    try:
        made = decoded(frame, size, BASE if delta else None)
    except FormError:
        return
    assert len(made) == size


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_frame_with_changed_bytes_is_refused_or_found_by_the_hash(data: st.DataObject) -> None:
    frame = bytearray(DELTA_FRAME)
    at = data.draw(st.integers(0, len(frame) - 1))
    frame[at] ^= data.draw(st.integers(1, 255))
    try:
        made = decoded(bytes(frame), len(WHOLE), BASE)
    except FormError:
        return
    assert len(made) == len(WHOLE)


def huge_window() -> bytes:
    """A frame of the standard's form that wants a window of 2 GiB."""
    magic, no_content_size = bytes.fromhex("28b52ffd"), b"\x00"
    window = bytes([(31 - 10) << 3])
    raw_block = (1 | (5 << 3)).to_bytes(3, "little") + b"hello"
    return magic + no_content_size + window + raw_block


@pytest.mark.parametrize(
    ("frame", "size", "base", "reason"),
    [
        pytest.param(zstd.compress(bytes(50_000_000)), 20_000, None, "more than|cannot be read", id="bomb"),
        pytest.param(zstd.compress(WHOLE), len(WHOLE) + 1, None, "becomes .* bytes, not", id="too short"),
        pytest.param(zstd.compress(WHOLE), len(WHOLE) - 1, None, "more than", id="too long"),
        pytest.param(ZSTD_FRAME[:-1], len(WHOLE), None, "cut off", id="cut off"),
        pytest.param(b"", len(WHOLE), None, "cut off", id="empty"),
        pytest.param(ZSTD_FRAME + b"x", len(WHOLE), None, "behind its frame", id="something behind"),
        pytest.param(ZSTD_FRAME + ZSTD_FRAME, len(WHOLE) * 2, None, "behind its frame", id="two frames"),
        pytest.param(huge_window(), 5, None, "cannot be read", id="huge window"),
        pytest.param(b"PK\3\4 not a frame at all", 10, None, "cannot be read", id="something else"),
        pytest.param(DELTA_FRAME, len(WHOLE), None, "cannot be read", id="a delta without its base"),
        pytest.param(DELTA_FRAME, len(WHOLE), BASE[:100], "cannot be read", id="a base that is too short"),
        pytest.param(DELTA_FRAME, len(WHOLE), b"", "at least 8 bytes", id="an empty base"),
    ],
)
def test_a_hostile_frame_is_refused_in_a_sentence(frame: bytes, size: int, base: bytes | None, reason: str) -> None:
    written = 0

    def write(piece: bytes) -> None:
        nonlocal written
        written += len(piece)

    with pytest.raises(FormError, match=reason):
        zstd.decompress(io.BytesIO(frame), write, size, base)
    assert written <= size


# Downloads


class Wire:
    """A fleet that has ``WHOLE`` and forms of it; ``plans`` are its answers to who asks for forms, the last one again
    and again. ``alter`` may change an answer, or lose it."""

    def __init__(self, *forms: ContentForm, retry_after: float = 0.0) -> None:
        self.objects = {sha(data): data for data in (WHOLE, DELTA_FRAME, ZSTD_FRAME)}
        self.plans: list[tuple[tuple[ContentForm, ...], float]] = [(forms, retry_after)]
        self.alter: Callable[[ContentAnswer], ContentAnswer | None] = lambda answer: answer
        self.asked: list[ContentRequest] = []
        self.planned: list[ContentRequest] = []
        self.puller: ContentPuller | None = None

    async def online(self) -> None:
        return

    async def ask(self, request: ContentRequest) -> None:
        (self.planned if request.encodings else self.asked).append(request)
        asyncio.get_running_loop().call_soon(self._answer, request)

    def _answer(self, request: ContentRequest) -> None:
        assert self.puller
        answer = self.alter(self._plan(request) if request.encodings else self._block(request))
        if isinstance(answer, ContentPlan):
            self.puller.on_plan(answer)
        elif answer is not None:
            self.puller.on_block(answer)

    def _plan(self, request: ContentRequest) -> ContentPlan:
        forms, retry_after = self.plans.pop(0) if len(self.plans) > 1 else self.plans[0]
        return ContentPlan(request.id, request.sha256, len(WHOLE), forms, retry_after)

    def _block(self, request: ContentRequest) -> ContentBlock:
        data = self.objects.get(request.sha256)
        if data is None:
            return ContentBlock(request.id, request.sha256, request.offset, 0, error="there is no such content")
        piece = data[request.offset : request.offset + request.length]
        return ContentBlock(request.id, request.sha256, request.offset, len(data), piece)

    def pulled(self) -> list[str]:
        """What was pulled, in order."""
        names = {sha(WHOLE): "full", sha(DELTA_FRAME): DELTA, sha(ZSTD_FRAME): ZSTD}
        return list(dict.fromkeys(names.get(request.sha256, "?") for request in self.asked))


@dataclasses.dataclass
class Place:
    """A device's folder, with the package of the version before."""

    folder: Path
    base: Path
    setbacks: list[tuple[str, str]]

    def puller(self, wire: Wire, **options: Any) -> ContentPuller:
        defaults: dict[str, Any] = {"block_bytes": BLOCK, "patience": 0.05, "reserve": 0, "making_patience": 0.05}
        puller = wire.puller = ContentPuller(self.folder, wire, **(defaults | options))
        puller.tell_setbacks(lambda _, encoding, why: self.setbacks.append((encoding, why)))
        return puller

    async def fetch(self, wire: Wire, **options: Any) -> Path:
        path = await self.puller(wire, **options).fetch(sha(WHOLE), len(WHOLE), lambda _: None, self.base)
        assert path.read_bytes() == WHOLE
        return path

    def part(self, form: ContentForm) -> Path:
        return self.folder / f"{sha(WHOLE)}.{form.sha256}.part"

    def names(self) -> set[str]:
        return {path.name for path in self.folder.iterdir()}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    base = tmp_path / "base.ma"
    base.write_bytes(BASE)
    return Place(tmp_path / "content", base, [])


async def test_a_delta_to_what_the_device_has_is_pulled_and_becomes_the_content(place: Place) -> None:
    wire = Wire(DELTA_FORM, ZSTD_FORM)
    await place.fetch(wire)
    assert wire.pulled() == [DELTA]
    assert sum(request.length for request in wire.asked) == len(DELTA_FRAME)
    assert wire.planned[0].have == (sha(BASE),)
    assert place.names() == {f"{sha(WHOLE)}.ma"}, "nothing is left over"
    assert place.setbacks == []


async def test_progress_of_a_form_is_told_in_proportion(place: Place) -> None:
    told: list[int] = []
    await place.puller(Wire(DELTA_FORM)).fetch(sha(WHOLE), len(WHOLE), told.append, place.base)
    assert told == sorted(told)
    assert told[-1] == len(WHOLE)


async def test_without_a_base_the_compressed_content_is_pulled(place: Place) -> None:
    wire = Wire(DELTA_FORM, ZSTD_FORM)
    place.base.unlink()
    await place.fetch(wire)
    assert wire.pulled() == [ZSTD]
    assert wire.planned[0].have == ()


async def test_a_base_for_which_there_is_no_memory_is_not_offered(place: Place) -> None:
    wire = Wire(DELTA_FORM, ZSTD_FORM)
    await place.fetch(wire, delta_bytes=len(BASE))
    assert wire.pulled() == [ZSTD]
    assert wire.planned[0].encodings == (ZSTD,)


async def test_a_device_without_zstandard_pulls_everything_and_asks_for_no_forms(place: Place) -> None:
    wire = Wire(DELTA_FORM, ZSTD_FORM)
    await place.fetch(wire, encodings=())
    assert wire.pulled() == ["full"]
    assert wire.planned == []


async def test_a_fleet_that_knows_no_forms_answers_with_a_block_and_nothing_waits(place: Place) -> None:
    wire = Wire()
    wire.alter = lambda answer: (
        ContentBlock(answer.id, answer.sha256, 0, len(WHOLE), WHOLE[:1]) if isinstance(answer, ContentPlan) else answer
    )
    await place.fetch(wire, patience=60.0)
    assert wire.pulled() == ["full"]
    assert len(wire.planned) == 1


async def test_a_fleet_that_does_not_say_which_forms_it_has_is_asked_for_the_content_itself(place: Place) -> None:
    wire = Wire(DELTA_FORM)
    wire.alter = lambda answer: None if isinstance(answer, ContentPlan) else answer
    await place.fetch(wire)
    assert wire.pulled() == ["full"]
    assert len(wire.planned) == 2


async def test_a_form_that_is_being_made_is_waited_for(place: Place) -> None:
    wire = Wire()
    wire.plans = [((ZSTD_FORM,), 0.01), ((ZSTD_FORM,), 0.01), ((DELTA_FORM, ZSTD_FORM), 0.0)]
    await place.fetch(wire, making_patience=60.0)
    assert wire.pulled() == [DELTA]


async def test_a_form_that_takes_too_long_is_not_waited_for(place: Place) -> None:
    wire = Wire(ZSTD_FORM, retry_after=0.02)
    await place.fetch(wire, making_patience=0.05)
    assert wire.pulled() == [ZSTD]
    assert len(wire.planned) >= 2


@pytest.mark.parametrize("have", [*range(0, len(DELTA_FRAME), 311), len(DELTA_FRAME), len(DELTA_FRAME) + 5])
async def test_a_form_goes_on_at_any_length(place: Place, have: int) -> None:
    place.folder.mkdir()
    place.part(DELTA_FORM).write_bytes((DELTA_FRAME + b"extra")[:have])
    wire = Wire(DELTA_FORM, ZSTD_FORM)
    await place.fetch(wire)
    missing = len(DELTA_FRAME) - have if have <= len(DELTA_FRAME) else len(DELTA_FRAME)
    assert wire.pulled() == ([DELTA] if missing else [])
    assert sum(request.length for request in wire.asked) == missing


@pytest.mark.parametrize("blocks", range(len(DELTA_FRAME) // BLOCK + 1))
async def test_a_device_that_dies_in_a_form_goes_on_where_it_was(place: Place, blocks: int) -> None:
    wire = Wire(DELTA_FORM, ZSTD_FORM)
    wire.alter = lambda answer: None if isinstance(answer, ContentBlock) and answer.offset >= blocks * BLOCK else answer
    puller = place.puller(wire, patience=60.0)
    fetching = asyncio.ensure_future(puller.fetch(sha(WHOLE), len(WHOLE), lambda _: None, place.base))
    part = place.part(DELTA_FORM)
    await until(lambda: part.exists() and part.stat().st_size == blocks * BLOCK)
    fetching.cancel()
    await asyncio.gather(fetching, return_exceptions=True)
    again = Wire(DELTA_FORM, ZSTD_FORM)
    await place.fetch(again)
    assert again.pulled() == [DELTA]
    assert again.asked[0].offset == blocks * BLOCK


async def test_zeros_that_a_power_cut_left_in_a_form_cost_that_form_anew_and_no_more(place: Place) -> None:
    place.folder.mkdir()
    place.part(DELTA_FORM).write_bytes(DELTA_FRAME[:BLOCK] + bytes(BLOCK))
    wire = Wire(DELTA_FORM, ZSTD_FORM)
    await place.fetch(wire)
    assert wire.pulled() == [DELTA]
    assert place.setbacks == []


async def test_what_is_nearly_whole_is_not_begun_anew_as_a_form(place: Place) -> None:
    place.folder.mkdir()
    (place.folder / f"{sha(WHOLE)}.part").write_bytes(WHOLE[: -SMALL_BYTES - 1000])
    wire = Wire(ZSTD_FORM)
    await place.fetch(wire)
    assert wire.pulled() == ["full"]
    assert len(wire.asked) < 20


def flip(data: bytes) -> bytes:
    return bytes([data[0] ^ 1]) + data[1:]


def spoil(*encodings: str) -> Callable[[ContentAnswer], ContentAnswer | None]:
    spoilt = {DELTA: len(DELTA_FRAME), ZSTD: len(ZSTD_FRAME), "full": len(WHOLE)}
    sizes = {spoilt[encoding] for encoding in encodings}

    def alter(answer: ContentAnswer) -> ContentAnswer:
        if isinstance(answer, ContentBlock) and answer.size in sizes:
            return dataclasses.replace(answer, data=flip(answer.data))
        return answer

    return alter


@pytest.mark.parametrize(
    ("spoilt", "pulled"),
    [
        ((DELTA,), [DELTA, ZSTD]),
        ((DELTA, ZSTD), [DELTA, ZSTD, "full"]),
        ((ZSTD,), [DELTA]),
    ],
)
async def test_a_form_corrupted_on_its_way_gives_way_to_the_next_and_is_told(
    place: Place, spoilt: tuple[str, ...], pulled: list[str]
) -> None:
    wire = Wire(DELTA_FORM, ZSTD_FORM)
    wire.alter = spoil(*spoilt)
    await place.fetch(wire)
    assert wire.pulled() == pulled
    assert [encoding for encoding, _ in place.setbacks] == pulled[:-1]
    assert place.names() == {f"{sha(WHOLE)}.ma"} or not [name for name in place.names() if name.endswith(".part")]


async def test_everything_corrupted_is_told_and_each_form_was_pulled_once(place: Place) -> None:
    wire = Wire(DELTA_FORM, ZSTD_FORM)
    wire.alter = spoil(DELTA, ZSTD, "full")
    with pytest.raises(ContentError, match="deleted and fetched again"):
        await place.fetch(wire)
    lengths = len(DELTA_FRAME) + len(ZSTD_FRAME) + len(WHOLE)
    assert sum(request.length for request in wire.asked) == lengths


LIES = {
    "another frame": zstd.compress(b"something else " * 5000),
    "another content of the same size": zstd.compress(WHOLE[::-1]),
    "a bomb": zstd.compress(bytes(40_000_000)),
    "no frame": b"nothing that could be decoded",
    "a delta to something else": zstd.compress(WHOLE, WHOLE[:30_000]),
}


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("encoding", [DELTA, ZSTD])
async def test_a_form_that_becomes_something_else_is_tried_once_also_after_a_restart(
    place: Place, lie: str, encoding: str
) -> None:
    frame = LIES[lie]
    form = ContentForm(encoding, sha(frame), len(frame), sha(BASE) if encoding == DELTA else "")
    wire = Wire(form)
    wire.objects[form.sha256] = frame
    wire.alter = lambda answer: (  # the content itself does not come yet
        None if isinstance(answer, ContentBlock) and answer.sha256 == sha(WHOLE) else answer
    )
    with pytest.raises(ContentError, match="did not answer"):
        await place.fetch(wire, tries=1)
    assert [encoding for encoding, _ in place.setbacks] == [encoding]
    asked = len(wire.asked)
    wire.alter = lambda answer: answer
    await place.fetch(wire)
    assert {request.sha256 for request in wire.asked[asked:]} == {sha(WHOLE)}


async def test_a_device_that_died_of_decoding_goes_on_with_the_next_form(place: Place) -> None:
    place.folder.mkdir()
    place.part(DELTA_FORM).write_bytes(DELTA_FRAME)
    (place.folder / f"{sha(WHOLE)}.{DELTA_FORM.sha256}.tried").touch()
    wire = Wire(DELTA_FORM, ZSTD_FORM)
    await place.fetch(wire)
    assert wire.pulled() == [ZSTD]


@pytest.mark.parametrize("change", ["gone", "replaced"])
async def test_a_base_that_goes_while_the_delta_comes_costs_the_delta_only(place: Place, change: str) -> None:
    wire = Wire(DELTA_FORM, ZSTD_FORM)

    def alter(answer: ContentAnswer) -> ContentAnswer:
        if isinstance(answer, ContentBlock) and place.base.exists():
            place.base.unlink() if change == "gone" else place.base.write_bytes(BASE[1:])
        return answer

    wire.alter = alter
    await place.fetch(wire)
    assert wire.pulled() == [DELTA, ZSTD]
    assert [encoding for encoding, _ in place.setbacks] == [DELTA]


async def test_a_form_that_the_fleet_has_no_more_gives_way_to_the_next(place: Place) -> None:
    wire = Wire(DELTA_FORM, ZSTD_FORM)
    del wire.objects[DELTA_FORM.sha256]
    await place.fetch(wire)
    assert wire.pulled() == [DELTA, ZSTD]


async def test_pieces_of_forms_that_the_fleet_has_no_more_are_deleted(place: Place) -> None:
    place.folder.mkdir()
    (place.folder / f"{sha(WHOLE)}.{'11' * 32}.part").write_bytes(b"of another delta")
    await place.fetch(Wire(DELTA_FORM))
    assert place.names() == {f"{sha(WHOLE)}.ma"}


async def test_a_fleet_that_stops_answering_costs_nothing_of_the_form(place: Place) -> None:
    wire = Wire(DELTA_FORM, ZSTD_FORM)
    wire.alter = lambda answer: None if isinstance(answer, ContentBlock) and answer.offset >= BLOCK else answer
    with pytest.raises(ContentError, match="did not answer"):
        await place.fetch(wire, tries=1)
    assert place.part(DELTA_FORM).stat().st_size == BLOCK
    assert place.setbacks == []
    again = Wire(DELTA_FORM, ZSTD_FORM)
    await place.fetch(again)
    assert again.asked[0].offset == BLOCK


async def test_plans_that_do_not_fit_are_of_no_use_and_do_no_harm(place: Place) -> None:
    other_base = dataclasses.replace(DELTA_FORM, base="22" * 32)
    strange = dataclasses.replace(ZSTD_FORM, encoding="brotli-9")
    based = dataclasses.replace(ZSTD_FORM, base=sha(BASE))
    wire = Wire(other_base, strange, based)
    await place.fetch(wire)
    assert wire.pulled() == ["full"]


@pytest.mark.parametrize("change", [{"size": len(WHOLE) + 1}, {"sha256": "33" * 32}])
async def test_a_plan_of_something_else_is_not_followed(place: Place, change: dict[str, Any]) -> None:
    wire = Wire(DELTA_FORM)
    wire.alter = lambda answer: dataclasses.replace(answer, **change) if isinstance(answer, ContentPlan) else answer
    await place.fetch(wire)
    assert wire.pulled() == ["full"]


async def test_a_plan_that_nobody_asked_for_is_ignored(place: Place) -> None:
    wire = Wire(DELTA_FORM)
    wire.alter = lambda answer: answer if isinstance(answer, ContentPlan) else ContentPlan(answer.id, sha(WHOLE), 5)
    with pytest.raises(ContentError, match="did not answer"):
        await place.fetch(wire, tries=1)


def disk_with(free: int) -> Callable[[Path], Any]:
    return lambda _: SimpleNamespace(free=free)


async def test_where_a_form_and_its_content_have_no_room_the_content_alone_is_pulled(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", disk_with(len(WHOLE)))
    wire = Wire(DELTA_FORM, ZSTD_FORM)
    await place.fetch(wire)
    assert wire.pulled() == ["full"]
    assert all("free some space" in why for _, why in place.setbacks)


async def test_a_full_disk_is_told_before_anything_is_pulled(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", disk_with(100))
    wire = Wire(DELTA_FORM, ZSTD_FORM)
    with pytest.raises(ContentError, match="free some space") as told:
        await place.fetch(wire)
    assert told.value.cause == "space"
    assert wire.asked == []


async def test_a_disk_that_fills_up_while_a_form_is_decoded_lets_the_form_be_tried_again_later(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(*_: Any) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    wire = Wire(DELTA_FORM)
    with monkeypatch.context() as patched:
        patched.setattr(zstd, "decompress", fill)
        wire.alter = spoil("full")
        with pytest.raises(ContentError, match="fetched again"):
            await place.fetch(wire)
    assert place.setbacks == [(DELTA, place.setbacks[0][1])]
    assert "No space left" in place.setbacks[0][1]
    wire.alter = lambda answer: answer
    wire.asked.clear()
    await place.fetch(wire)
    assert wire.pulled() == [DELTA]


async def test_what_is_discarded_or_unwanted_goes_with_all_its_forms(place: Place) -> None:
    puller = place.puller(Wire())
    names = [f"{sha(WHOLE)}.ma", f"{sha(WHOLE)}.part", f"{sha(WHOLE)}.{'44' * 32}.part"]
    names += [f"{sha(WHOLE)}.{'44' * 32}.tried", f"{sha(WHOLE)}.0a0b0c0d.new"]
    for discards in (True, False):
        for name in [*names, "notes.txt"]:
            (place.folder / name).touch()
        if discards:
            puller.discard(sha(WHOLE))
        else:
            puller.keep_only([sha(BASE)])
        assert place.names() == {"notes.txt"}
