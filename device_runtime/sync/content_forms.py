"""Content that comes in a shorter form: which forms there are, pulling one, and making the content of it.

The fleet's word on forms is not signed, and need not be: what becomes of a form is taken only if it has the size and
the SHA-256 that the signed document names. A form that fails is not tried again for this content, also after a restart
(``.tried`` is made before it is decoded, so that a device which dies of it goes on with the next).
"""

import asyncio
import contextlib
import errno
import hashlib
import logging
import os
import random
import secrets
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from device_runtime.sync import zstd
from device_runtime.sync.content_blocks import Blocks, ContentError, NoAnswerError
from device_runtime.sync.content_messages import SMALL_BYTES, ContentForm
from device_runtime.sync.fields import one_line
from device_runtime.sync.zstd import FormError

log = logging.getLogger(__name__)

FORM_ENDINGS = (".tried", ".new")
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


def free_bytes(folder: Path) -> int:
    """The bytes that are free on the disk of a folder."""
    return shutil.disk_usage(folder).free


@dataclass(frozen=True, slots=True)
class Room:
    """What a download leaves ``free`` on the disk of its folder, in bytes."""

    reserve: int
    free: Callable[[Path], int]

    def check(self, folder: Path, needed: int) -> None:
        """See that there is room for ``needed`` bytes, with those that stay free.

        Raises:
            ContentError: there is not.
        """
        free = self.free(folder)
        if free < needed + self.reserve:
            raise ContentError(
                f"the disk has {free // 1024} KiB free, but the download needs {(needed + self.reserve) // 1024} KiB "
                f"(with {self.reserve // 1024} KiB that stay free): free some space",
                "space",
            )


class FormPuller:
    """What :class:`~device_runtime.sync.content.ContentPuller` does about forms, in the same folder."""

    def __init__(
        self,
        folder: Path,
        blocks: Blocks,
        encodings: Sequence[str],
        room: Room,
        delta_bytes: int,
        making_patience: float,
    ) -> None:
        """As the puller's."""
        self._folder, self._blocks, self._encodings, self._room = folder, blocks, encodings, room
        self._delta_bytes, self._making_patience = delta_bytes, making_patience
        self.on_setback: Callable[[str, str, str], object] | None = None

    async def fetch(
        self, sha256: str, size: int, received: int, progress: Callable[[int], None], base: Path | None
    ) -> bool:
        """Whether ``<sha256>.ma`` was made of a shorter form than what is missing, ``size`` less ``received`` bytes.

        Raises:
            NoAnswerError: the fleet stopped answering; what came is kept.
        """
        if not self._encodings or size - received <= SMALL_BYTES:
            return False
        base_sha256 = await asyncio.to_thread(self._usable_base, base, size)
        forms = await self._forms(sha256, size, received, base_sha256)
        await asyncio.to_thread(self._forget_others, sha256, forms)
        for form in forms:
            if form.size >= size - received or self._mark(sha256, form).exists():
                continue
            try:
                await self._try(sha256, size, form, progress, base)
            except NoAnswerError:
                raise
            except (ContentError, FormError, OSError, MemoryError) as error:
                why = str(error.strerror if isinstance(error, OSError) else error) or "there is no memory for it"
                await self._give_up(sha256, form, why)
                progress(received)
            else:
                return True
        return False

    async def _forms(self, sha256: str, size: int, received: int, base: str) -> list[ContentForm]:
        """The forms that this device can use, the best one first. One that is being made is waited for, a while."""
        have = (base,) if base else ()
        encodings = tuple(self._encodings) if base else tuple(set(self._encodings) - {zstd.DELTA})
        waited = 0.0
        while encodings:
            plan = await self._blocks.plan(sha256, size, received, encodings, have)
            if plan is None:
                return []
            forms = [form for form in plan.forms if form.encoding in encodings and self._fits(form, base)]
            if plan.retry_after <= 0 or waited >= self._making_patience:
                return forms
            # Not all at the same moment: a release that was rolled out reaches many devices at once.
            pause = min(plan.retry_after * random.uniform(0.5, 1.5), self._making_patience - waited)  # noqa: S311
            await asyncio.sleep(pause)
            waited += max(pause, 0.01)
        return []

    def _fits(self, form: ContentForm, base: str) -> bool:
        return form.base == base if form.encoding == zstd.DELTA else form.base == ""

    def _usable_base(self, base: Path | None, size: int) -> str:
        """The SHA-256 of the base, empty where there is none, or no memory for a delta to it."""
        if base is None or zstd.DELTA not in self._encodings:
            return ""
        try:
            if base.stat().st_size + size > self._delta_bytes:
                return ""
            with base.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            log.debug("%s is no base for a delta: %s", base, error)
            return ""

    async def _try(
        self, sha256: str, size: int, form: ContentForm, progress: Callable[[int], None], base: Path | None
    ) -> None:
        part = self._part(sha256, form)
        there = await asyncio.to_thread(begun, part, form.size)
        await asyncio.to_thread(self._room.check, self._folder, form.size - there + size)
        await self._pull(part, form, size, progress)
        if there and not await asyncio.to_thread(_is, part, form.sha256):
            # A power cut may leave zeros where the last blocks were: no fault of the form's.
            part.unlink()
            await self._pull(part, form, size, progress)
        await asyncio.to_thread(self._make, sha256, size, form, base)

    async def _pull(self, part: Path, form: ContentForm, size: int, progress: Callable[[int], None]) -> None:
        await self._blocks.download(
            part, form.sha256, form.size, lambda received: progress(received * size // form.size)
        )

    def _make(self, sha256: str, size: int, form: ContentForm, base: Path | None) -> None:
        """Make the content, and put it in its place.

        Raises:
            FormError: it does not become the content.
            OSError: the disk does not take it.
        """
        part, mark = self._part(sha256, form), self._mark(sha256, form)
        new = self._folder / f"{sha256}.{secrets.token_hex(4)}.new"
        if not _is(part, form.sha256):
            raise FormError("what arrived is not what the fleet told of")
        mark.touch()
        try:
            data = zstd.read_base(base, form.base) if base is not None and form.base else None
            with part.open("rb") as source, new.open("wb") as out:
                made = zstd.decompress(source, out.write, size, data)
                out.flush()
                os.fsync(out.fileno())
            if made != sha256:
                raise FormError("what it becomes is not the content that was promised")
            new.replace(self._folder / f"{sha256}.ma")
            log.info("the content %s came as %s: %d bytes of %d", sha256[:12], form.encoding, form.size, size)
            for path in (part, mark, self._folder / f"{sha256}.part"):
                path.unlink(missing_ok=True)
        except OSError as error:
            if error.errno in NO_ROOM:
                mark.unlink(missing_ok=True)  # there may be room the next time
            raise
        finally:
            with contextlib.suppress(OSError):
                new.unlink(missing_ok=True)

    async def _give_up(self, sha256: str, form: ContentForm, why: str) -> None:
        sentence = one_line(f"the content {sha256[:12]} cannot be had as {form.encoding}: {why}", 300)
        log.warning("%s; it is fetched in another form", sentence)
        with contextlib.suppress(OSError):
            await asyncio.to_thread(self._part(sha256, form).unlink, missing_ok=True)
        if self.on_setback is not None:
            self.on_setback(sha256, form.encoding, sentence)

    def _forget_others(self, sha256: str, forms: Sequence[ContentForm]) -> None:
        """Delete what came of forms that the fleet does not have any more."""
        kept = {self._part(sha256, form).name for form in forms} | {f"{sha256}.part"}
        for path in self._folder.glob(f"{sha256}.*"):
            if (path.suffix == ".part" and path.name not in kept) or path.suffix == ".new":
                path.unlink(missing_ok=True)

    def _part(self, sha256: str, form: ContentForm) -> Path:
        return self._folder / f"{sha256}.{form.sha256}.part"

    def _mark(self, sha256: str, form: ContentForm) -> Path:
        return self._folder / f"{sha256}.{form.sha256}.tried"


def begun(part: Path, size: int) -> int:
    """How much of it is here; a file that is too long is not of it."""
    received = part.stat().st_size if part.exists() else 0
    if received > size:
        part.unlink()
        received = 0
    return received


def _is(path: Path, sha256: str) -> bool:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256
