"""What a fleet answers who asks for content: a block, or in which shorter forms it can be had.

Reading is done in threads, and forms are made in processes, one at a time: nobody waits for either but who asked. A
form that is wanted by many is made once; who asks meanwhile is told what there is and when to ask again.
"""

import asyncio
import contextlib
import logging
import sys
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from device_runtime.sync import zstd
from device_runtime.sync.content_messages import SMALL_BYTES
from device_runtime.sync.messages import MAX_ERROR, ContentBlock, ContentForm, ContentPlan, ContentRequest
from firmware_tools.fleet import content_making
from firmware_tools.fleet.content import ContentStore
from firmware_tools.fleet.content_forms import FORMS_BUDGET, FormKey, FormStore
from firmware_tools.fleet.errors import FleetError, StorageError

log = logging.getLogger(__name__)

LARGEST_BYTES = 64 * 1024 * 1024
"""Of larger content, or to a larger base, no forms are made: no package is larger."""
_WAITING = 32
_WORTH = 0.9
_SHORT_WAIT = 1.0
_BYTES_A_SECOND = 500_000
_LONGEST_WAIT = 30.0
_FAILED_SECONDS = 600.0
_WALL_SECONDS = 300.0
_BUSY_SECONDS = 1.0
_KEPT_BLOCKS = 64
"""Blocks that were read last, of 64 KiB at most each: of a release that is rolled out, thousands ask for the same."""
_BLOCK_SECONDS = 5.0
_LOOK_AGAIN = 1.0
_MOST_LOOKS = 256


@dataclass(frozen=True, slots=True)
class _There:
    """Of a content: its size in bytes, its forms, the shortest first, and those not made, each with what making it
    reads, in bytes."""

    size: int
    forms: list[ContentForm]
    missing: dict[FormKey, int]


class ContentAnswers:
    """Answers from the directory ``content``; ``budget`` is what forms may take of its disk, in bytes, 0 for
    no forms at all."""

    def __init__(self, content: Path, budget: int = FORMS_BUDGET) -> None:
        self._content, self._forms = ContentStore(content), FormStore(content, budget)
        self._makes_forms = budget > 0
        self._readers = ThreadPoolExecutor(2, "content-reader")
        self._one_at_a_time = asyncio.Semaphore(1)
        self._making: dict[FormKey, tuple[asyncio.Task[None], int]] = {}
        self._failed: dict[FormKey, float] = {}
        self._blocks: OrderedDict[tuple[str, int, int], tuple[bytes, int, float]] = OrderedDict()
        self._looks: dict[tuple[str, tuple[str, ...], tuple[str, ...]], tuple[_There, float]] = {}
        self.made = 0
        """How many forms this process has made."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Answer for the length of an ``async with`` block."""
        try:
            yield
        finally:
            tasks = [task for task, _ in self._making.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._readers.shutdown()

    async def answer(self, request: ContentRequest) -> ContentBlock | ContentPlan:
        """The answer to one request. What is wrong with it, or with the disk, is in the answer."""
        if request.encodings and self._makes_forms and zstd.is_here():
            plan = await self._plan(request)
            if plan is not None:
                return plan
        return await self._read_block(request)

    # Blocks

    async def _read_block(self, request: ContentRequest) -> ContentBlock:
        """One that was read a moment ago comes from memory: not for ever, or a file that was mended would be of no
        use."""
        key, now = (request.sha256, request.offset, request.length), time.monotonic()
        data, size, until = self._blocks.get(key, (b"", 0, 0.0))
        if now < until:
            self._blocks.move_to_end(key)
            return ContentBlock(request.id, request.sha256, request.offset, size, data)
        block = await asyncio.get_running_loop().run_in_executor(self._readers, self._block, request)
        if not block.error:
            self._blocks[key] = block.data, block.size, now + _BLOCK_SECONDS
            if len(self._blocks) > _KEPT_BLOCKS:
                self._blocks.popitem(last=False)
        return block

    def _block(self, request: ContentRequest) -> ContentBlock:
        sha256, offset, length = request.sha256, request.offset, request.length
        of_a_form = self._content.size(sha256) < 0 <= self._forms.objects.size(sha256)
        try:
            data, size = (self._forms.objects if of_a_form else self._content).read_block(sha256, offset, length)
        except FleetError as error:
            return ContentBlock(request.id, sha256, offset, 0, error=str(error)[:MAX_ERROR])
        return ContentBlock(request.id, sha256, offset, size, data)

    # Forms

    async def _plan(self, request: ContentRequest) -> ContentPlan | None:
        """What there is; None where a block is the better answer, since there is nothing shorter and none will be."""
        there = await self._in_thread(request)
        if there is None:
            return None
        if begun := self._begin(there.missing):
            # Small ones are made while the device that asked first waits for this answer: it need not ask again.
            await asyncio.wait(begun, timeout=_SHORT_WAIT)
            there = await self._in_thread(request) or there
            self._begin(there.missing)  # what another process was making, and left
        making = any(key in self._making for key in there.missing)
        if not there.forms and not making:
            return None
        best = there.forms[:1]
        rest = [form for form in there.forms[1:] if form.encoding == zstd.ZSTD]
        return ContentPlan(request.id, request.sha256, there.size, (*best, *rest), self._wait() if making else 0.0)

    async def _in_thread(self, request: ContentRequest) -> _There | None:
        """What there is; what was complete a moment ago is not looked for again."""
        key, now = (request.sha256, request.encodings, request.have), time.monotonic()
        there, until = self._looks.get(key, (None, 0.0))
        if now < until:
            return there
        there = await asyncio.get_running_loop().run_in_executor(self._readers, self._look, request)
        if there is not None and not there.missing:
            if len(self._looks) >= _MOST_LOOKS:
                self._looks.clear()
            self._looks[key] = there, now + _LOOK_AGAIN
        return there

    def _look(self, request: ContentRequest) -> _There | None:
        """The forms that would suit; None where none are made of such a content."""
        size = self._content.size(request.sha256)
        if not SMALL_BYTES < size <= LARGEST_BYTES:
            return None
        weights: dict[FormKey, int] = {}
        if zstd.DELTA in request.encodings:
            for base in request.have:
                if base != request.sha256 and 0 < (base_size := self._content.size(base)) <= LARGEST_BYTES:
                    weights[FormKey(request.sha256, base)] = size + base_size
        if zstd.ZSTD in request.encodings:
            weights[FormKey(request.sha256)] = size
        there = _There(size, [], {})
        for key, weight in weights.items():
            try:
                form = self._forms.find(key)
            except KeyError:
                there.missing[key] = weight
            else:
                there.forms.extend([form] if form is not None else [])
        there.forms.sort(key=lambda form: form.size)
        return there

    def _begin(self, missing: Mapping[FormKey, int]) -> list[asyncio.Task[None]]:
        """Begin to make these, unless it is being done, has just failed, or too many wait."""
        begun = []
        for key, weight in missing.items():
            failed = self._failed.get(key, 0.0) > time.monotonic()
            if key not in self._making and not failed and len(self._making) < _WAITING:
                task = asyncio.get_running_loop().create_task(self._make(key))
                self._making[key] = (task, weight)
                begun.append(task)
        return begun

    def _wait(self) -> float:
        """The seconds after which what is being made may be there."""
        ahead = sum(weight for _, weight in self._making.values())
        return min(_LONGEST_WAIT, 1.0 + ahead / _BYTES_A_SECOND)

    async def _make(self, key: FormKey) -> None:
        try:
            async with self._one_at_a_time:
                await self._make_now(key)
            await asyncio.get_running_loop().run_in_executor(self._readers, self._forms.tidy)
        except (StorageError, OSError) as error:
            self._note_failure(key, str(error))
        finally:
            del self._making[key]

    async def _make_now(self, key: FormKey) -> None:
        out = await asyncio.to_thread(self._forms.temporary)
        try:
            code, sha256, error = await _run(self._forms.content, key, out)
            if code == content_making.BUSY:
                await asyncio.sleep(_BUSY_SECONDS)  # another process makes it; who asks again then may find it
            elif code != content_making.DONE:
                self._note_failure(key, error)
            elif out.stat().st_size >= self._content.size(key.content) * _WORTH:
                await asyncio.to_thread(self._forms.put_not_worth, key)
            else:
                self.made += 1
                await asyncio.to_thread(self._forms.put, key, out, sha256)
        finally:
            with contextlib.suppress(OSError):
                out.unlink(missing_ok=True)

    def _note_failure(self, key: FormKey, error: str) -> None:
        """Not again for a while: devices take what there is."""
        log.warning("a shorter form of the content %s cannot be made: %s", key.content[:16], error)
        now = time.monotonic()
        self._failed = {other: until for other, until in self._failed.items() if until > now}
        self._failed[key] = now + _FAILED_SECONDS


async def _run(content: Path, key: FormKey, out: Path) -> tuple[int, str, str]:
    """Make a form in a process; its exit code, and what it said on standard output and standard error."""
    base = str(content / key.base) if key.base else "-"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", content_making.__name__, str(content / key.content), base, str(out),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(_WALL_SECONDS):
            said, error = await process.communicate()
    except TimeoutError:
        return content_making.FAILED, "", f"it took more than {_WALL_SECONDS:.0f} s"
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()  # until its pipes are closed
    sentence = error.decode(errors="replace").strip()[-300:]
    return process.returncode or 0, said.decode(), sentence or f"it was ended ({process.returncode})"
