"""Shorter forms of content at the fleet: made once, cached, never in anybody's way."""

import asyncio
import fcntl
import hashlib
import io
import os
import shutil
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from device_runtime.sync import zstd
from device_runtime.sync.messages import ContentBlock, ContentForm, ContentPlan, ContentRequest
from device_runtime.sync.zstd import DELTA, ZSTD
from firmware_tools.fleet import content_answers
from firmware_tools.fleet.content import ContentStore
from firmware_tools.fleet.content_answers import ContentAnswers
from firmware_tools.fleet.content_forms import FormKey, FormStore
from tests.fleet.packages import small_package

pytestmark = pytest.mark.skipif(not zstd.is_here(), reason="needs Zstandard: pip install 'cygnet[content]'")

OLD, NEW = small_package(code=1, size=60_000), small_package(code=2, size=61_000)
NOISE = hashlib.shake_256(b"noise").digest(60_000)


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def content(tmp_path: Path) -> Path:
    store = ContentStore(tmp_path / "content")
    for data in (OLD, NEW, NOISE):
        store.add(data)
    return tmp_path / "content"


@pytest.fixture
async def answers(content: Path) -> AsyncIterator[ContentAnswers]:
    made = ContentAnswers(content)
    async with made.running():
        yield made


def asking(data: bytes = NEW, *have: bytes, encodings: tuple[str, ...] = (DELTA, ZSTD)) -> ContentRequest:
    return ContentRequest("id", sha(data), 0, 1, encodings, tuple(sha(base) for base in have))


async def settled(answers: ContentAnswers, request: ContentRequest) -> ContentPlan | ContentBlock:
    """The answer as soon as nothing is being made any more."""
    async with asyncio.timeout(30):
        while True:
            answer = await answers.answer(request)
            if not isinstance(answer, ContentPlan) or not answer.retry_after:
                return answer
            await asyncio.sleep(0.02)


async def forms(answers: ContentAnswers, request: ContentRequest) -> dict[str, ContentForm]:
    plan = await settled(answers, request)
    assert isinstance(plan, ContentPlan), plan
    return {form.encoding: form for form in plan.forms}


async def pulled(answers: ContentAnswers, form: ContentForm) -> bytes:
    data = b""
    while len(data) < form.size:
        length = min(60_000, form.size - len(data))
        block = await answers.answer(ContentRequest("id", form.sha256, len(data), length))
        assert isinstance(block, ContentBlock)
        assert block.size == form.size
        data += block.data
    assert sha(data) == form.sha256
    return data


async def test_a_device_is_offered_a_delta_to_what_it_has_and_the_compressed_content(answers: ContentAnswers) -> None:
    offered = await forms(answers, asking(NEW, OLD))
    assert list(offered) == [DELTA, ZSTD], "the shortest first"
    assert offered[DELTA].base == sha(OLD)
    for form, base in ((offered[DELTA], OLD), (offered[ZSTD], None)):
        out = io.BytesIO()
        zstd.decompress(io.BytesIO(await pulled(answers, form)), out.write, len(NEW), base)
        assert out.getvalue() == NEW
    assert offered[DELTA].size < len(NEW) / 50


@pytest.mark.parametrize(
    ("request_", "encodings"),
    [
        (asking(NEW), [ZSTD]),
        (asking(NEW, OLD, encodings=(ZSTD,)), [ZSTD]),
        (asking(NEW, b"a package that this fleet never had"), [ZSTD]),
        (asking(NEW, NEW), [ZSTD]),
        (asking(NEW, OLD, encodings=("brotli-9", DELTA)), [DELTA]),
    ],
)
async def test_what_is_offered_fits_what_the_device_can_read_and_has(
    answers: ContentAnswers, request_: ContentRequest, encodings: list[str]
) -> None:
    assert list(await forms(answers, request_)) == encodings


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(ContentRequest("id", sha(NEW), 0, 1000), id="an older device"),
        pytest.param(asking(NOISE), id="nothing that could be shorter"),
        pytest.param(asking(NEW, encodings=("brotli-9",)), id="encodings that the fleet does not know"),
    ],
)
async def test_who_has_no_use_for_forms_gets_the_block_itself(
    answers: ContentAnswers, request_: ContentRequest
) -> None:
    block = await settled(answers, request_)
    assert isinstance(block, ContentBlock)
    assert block.data
    assert not block.error


async def test_small_content_is_given_as_it_is(answers: ContentAnswers, content: Path) -> None:
    ContentStore(content).add(b"small " * 100)
    assert isinstance(await answers.answer(asking(b"small " * 100)), ContentBlock)


async def test_content_that_is_not_there_is_told(answers: ContentAnswers) -> None:
    block = await answers.answer(asking(b"nothing that was published"))
    assert isinstance(block, ContentBlock)
    assert "no content" in block.error


async def test_a_fleet_without_zstandard_answers_as_an_older_one(
    answers: ContentAnswers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zstd, "_library", None)
    assert isinstance(await answers.answer(asking(NEW, OLD)), ContentBlock)


async def test_a_fleet_that_may_keep_no_forms_makes_none(content: Path) -> None:
    answers = ContentAnswers(content, budget=0)
    async with answers.running():
        assert isinstance(await answers.answer(asking(NEW, OLD)), ContentBlock)
    assert answers.made == 0


async def test_many_devices_that_ask_at_once_make_one_delta_and_none_waits_for_it(answers: ContentAnswers) -> None:
    first, *others = await asyncio.gather(*(answers.answer(asking(NEW, OLD)) for _ in range(50)))
    assert isinstance(first, ContentPlan)
    for other in others:
        assert isinstance(other, ContentPlan)
        assert other.retry_after > 0 or other.forms
    assert len(await forms(answers, asking(NEW, OLD))) == 2
    assert answers.made == 2


async def test_a_form_is_made_once_for_all_processes_and_restarts(content: Path) -> None:
    counts = []
    for _ in range(2):
        answers = ContentAnswers(content)
        async with answers.running():
            await forms(answers, asking(NEW, OLD))
        counts.append(answers.made)
    assert counts == [2, 0]


async def test_while_another_process_makes_a_form_devices_are_told_to_ask_again(
    content: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content_answers, "_BUSY_SECONDS", 0.05)
    answers = ContentAnswers(content)
    with (content / sha(NEW)).open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        async with answers.running():
            answer = await answers.answer(asking(NEW, OLD))
            assert not isinstance(answer, ContentPlan) or not answer.forms
            fcntl.flock(held, fcntl.LOCK_UN)
            assert len(await forms(answers, asking(NEW, OLD))) == 2


@pytest.mark.parametrize("damaged", [OLD, NEW], ids=["base", "content"])
async def test_what_is_damaged_on_the_disk_makes_no_form_and_is_not_tried_at_each_request(
    content: Path, damaged: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (content / sha(damaged)).write_bytes(damaged[:-1] + b"?")
    answers = ContentAnswers(content)
    async with answers.running():
        answer = await settled(answers, asking(NEW, OLD, encodings=(DELTA,)))
        await settled(answers, asking(NEW, OLD, encodings=(DELTA,)))
    assert isinstance(answer, ContentBlock), "the content itself"
    assert caplog.text.count("is damaged on the fleet's disk") == 1
    assert not [path for path in (content / "forms").iterdir() if path.is_file()]


async def test_a_base_that_goes_while_its_delta_is_made_leaves_the_compressed_content(
    content: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = ContentAnswers(content)
    real = content_answers._run

    async def lose_base(folder: Path, key: FormKey, out: Path) -> tuple[int, str, str]:
        (content / sha(OLD)).unlink(missing_ok=True)
        return await real(folder, key, out)

    monkeypatch.setattr(content_answers, "_run", lose_base)
    async with answers.running():
        assert list(await forms(answers, asking(NEW, OLD))) == [ZSTD]


async def test_a_form_that_takes_too_long_is_ended_and_devices_get_the_content(
    content: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(content_answers, "_WALL_SECONDS", 0.0)
    answers = ContentAnswers(content)
    async with answers.running():
        assert isinstance(await settled(answers, asking(NEW, OLD)), ContentBlock)
    assert "took more than" in caplog.text
    assert not list((content / "forms").glob(".making*"))


async def test_a_disk_that_takes_no_form_costs_nobody_the_content(
    answers: ContentAnswers, content: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (content / "forms").write_text("in the way")
    assert isinstance(await settled(answers, asking(NEW, OLD)), ContentBlock)


async def test_blocks_are_given_while_a_form_is_made(content: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    released = asyncio.Event()

    async def slow(folder: Path, key: FormKey, out: Path) -> tuple[int, str, str]:
        await released.wait()
        return 1, "", "never"

    monkeypatch.setattr(content_answers, "_run", slow)
    monkeypatch.setattr(content_answers, "_SHORT_WAIT", 0.01)
    answers = ContentAnswers(content)
    async with answers.running():
        assert isinstance(await answers.answer(asking(NEW, OLD)), ContentPlan)
        block = await answers.answer(ContentRequest("id", sha(NEW), 100, 1000))
        assert isinstance(block, ContentBlock)
        assert block.data == NEW[100:1100]
        released.set()


async def test_more_than_a_few_forms_do_not_queue(content: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(folder: Path, key: FormKey, out: Path) -> tuple[int, str, str]:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(content_answers, "_run", never)
    monkeypatch.setattr(content_answers, "_SHORT_WAIT", 0.01)
    monkeypatch.setattr(content_answers, "_WAITING", 2)
    answers = ContentAnswers(content)
    async with answers.running():
        assert isinstance(await answers.answer(asking(NEW, OLD)), ContentPlan)
        assert isinstance(await answers.answer(asking(OLD, NEW)), ContentBlock)


# The cache


def form_of(store: FormStore, key: FormKey, data: bytes, age: float) -> Path:
    made = store.temporary()
    made.write_bytes(data)
    store.put(key, made, sha(data))
    path = store.content / "forms" / sha(data)
    os.utime(path, (age, age))
    return path


def test_forms_that_were_used_longest_ago_go_when_they_are_too_many(content: Path) -> None:
    store = FormStore(content, budget=250)
    oldest = form_of(store, FormKey(sha(NEW)), b"a" * 100, 1000)
    middle = form_of(store, FormKey(sha(NEW), sha(OLD)), b"b" * 100, 2000)
    newest = form_of(store, FormKey(sha(OLD)), b"c" * 100, 3000)
    assert store.find(FormKey(sha(NEW))) is not None  # used now
    store.tidy()
    assert [path.exists() for path in (oldest, middle, newest)] == [True, False, True]
    with pytest.raises(KeyError):
        store.find(FormKey(sha(NEW), sha(OLD)))


@pytest.mark.parametrize("gone", [OLD, NEW], ids=["base", "content"])
def test_forms_go_with_the_release_that_they_are_of(content: Path, gone: bytes) -> None:
    store = FormStore(content)
    path = form_of(store, FormKey(sha(NEW), sha(OLD)), b"delta", 1000)
    store.put_not_worth(FormKey(sha(OLD), sha(NEW)))
    store.tidy()
    assert path.exists()
    (content / sha(gone)).unlink()
    store.tidy()
    assert not list((content / "forms").iterdir())


def test_what_a_crash_left_and_what_is_not_ours_is_cleared_away(content: Path) -> None:
    store = FormStore(content)
    left, link, fresh = store.temporary(), content / "forms" / "strange", store.temporary()
    left.write_bytes(b"half a form")
    os.utime(left, (1000, 1000))
    fresh.write_bytes(b"being made")
    link.symlink_to("/etc/passwd")
    store.tidy()
    assert list((content / "forms").iterdir()) == [fresh]


def test_a_form_that_is_not_worth_it_is_remembered(content: Path) -> None:
    store = FormStore(content)
    store.put_not_worth(FormKey(sha(NOISE)))
    assert store.find(FormKey(sha(NOISE))) is None


async def test_a_process_that_makes_forms_refuses_in_a_sentence(content: Path, tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "firmware_tools.fleet.content_making", str(content / "missing"), "-", str(tmp_path / "o"),
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, error = await process.communicate()
    assert process.returncode == 1
    assert error.decode().count("\n") == 1
    assert "No such file" in error.decode()


async def test_what_many_ask_for_is_read_from_the_disk_once(content: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content_answers, "_BLOCK_SECONDS", 1e9)
    monkeypatch.setattr(content_answers, "_LOOK_AGAIN", 1e9)
    answers = ContentAnswers(content)
    async with answers.running():
        plan = await settled(answers, asking(NEW, OLD))
        assert isinstance(plan, ContentPlan)
        form = plan.forms[0]
        first = await answers.answer(ContentRequest("one", form.sha256, 0, form.size))
        assert isinstance(first, ContentBlock)
        await asyncio.to_thread(shutil.rmtree, content)
        again = await answers.answer(ContentRequest("two", form.sha256, 0, form.size))
        assert again == replace(first, id="two")
        assert await answers.answer(replace(asking(NEW, OLD), id="three")) == replace(plan, id="three")
        other = await answers.answer(ContentRequest("four", sha(NOISE), 0, 10))
        assert isinstance(other, ContentBlock)
        assert other.error, "of what was not asked for before there is nothing now"


async def test_a_file_that_was_mended_is_read_again_after_a_while(
    content: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = ContentAnswers(content)
    request = ContentRequest("r", sha(NOISE), 0, 10)
    (path,) = [each for each in await asyncio.to_thread(lambda: list(content.rglob(sha(NOISE)))) if each.is_file()]
    async with answers.running():
        await asyncio.to_thread(path.write_bytes, bytes(len(NOISE)))
        monkeypatch.setattr(content_answers, "_BLOCK_SECONDS", 0.0)
        assert (await answers.answer(request)) == ContentBlock("r", sha(NOISE), 0, len(NOISE), bytes(10))
        await asyncio.to_thread(path.write_bytes, NOISE)
        assert (await answers.answer(request)) == ContentBlock("r", sha(NOISE), 0, len(NOISE), NOISE[:10])


async def test_no_more_blocks_are_kept_in_memory_than_the_last(content: Path) -> None:
    answers = ContentAnswers(content)
    async with answers.running():
        for offset in range(content_answers._KEPT_BLOCKS + 5):
            block = await answers.answer(ContentRequest("r", sha(NOISE), offset, 1))
            assert isinstance(block, ContentBlock)
            assert block.data == NOISE[offset : offset + 1]
        assert len(answers._blocks) == content_answers._KEPT_BLOCKS
