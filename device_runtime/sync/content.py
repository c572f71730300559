"""Content (packages) pulled from the fleet in blocks, into files that survive reconnects, restarts and power cuts.

What has arrived lies in ``<sha256>.part``, without holes, so that its length is where to go on; checked content is
``<sha256>.ma``. Where the fleet has a shorter form (:mod:`device_runtime.sync.zstd`), that is pulled the same way into
``<sha256>.<sha256 of the form>.part`` and decoded; each form is tried once, and the content as it is comes last. Only
the SHA-256 of the whole decides: whoever can publish on the response topic can spoil a download, but not what is
installed.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

from device_runtime.sync import zstd
from device_runtime.sync.content_blocks import Blocks, ContentCarrier
from device_runtime.sync.content_blocks import ContentError as ContentError
from device_runtime.sync.content_forms import FORM_ENDINGS, NO_ROOM, FormPuller, Room, begun, free_bytes
from device_runtime.sync.content_messages import BLOCK_BYTES, ContentBlock, ContentPlan

RESERVE_BYTES = 16 * 1024 * 1024
"""What a download leaves free on the disk for everything else."""
DELTA_BYTES = 128 * 1024 * 1024
"""The most memory that decoding a delta may take: what it builds on, and what it makes."""
_ENDINGS = (".ma", ".part", *FORM_ENDINGS)


class ContentPuller:
    """Downloads into one folder, one content at a time or several."""

    def __init__(
        self,
        folder: Path,
        carrier: ContentCarrier,
        *,
        block_bytes: int = BLOCK_BYTES,
        in_flight: int = 4,
        patience: float = 10.0,
        tries: int = 6,
        reserve: int = RESERVE_BYTES,
        free: Callable[[Path], int] = free_bytes,
        encodings: tuple[str, ...] | None = None,
        delta_bytes: int = DELTA_BYTES,
        making_patience: float = 90.0,
    ) -> None:
        """
        Args:
            folder: where files go; made when missing.
            carrier: asks the fleet.
            block_bytes: bytes a request, at most ``BLOCK_BYTES``.
            in_flight: requests that wait for their answer at a time; with ``block_bytes`` it bounds the memory.
            patience: seconds after which an answer counts as lost.
            tries: how often a block is asked for while connected, before the download fails.
            reserve: bytes that must stay free on the disk.
            free: the bytes that are free on the disk of a folder.
            encodings: in which content may come; by default those that this Python can read.
            delta_bytes: the most memory for a delta; where base and content are larger, none is asked for.
            making_patience: seconds that a fleet may take to make a shorter form, before what there is is pulled.

        Raises:
            ContentError: the folder cannot be made.
        """
        self._folder, self._room = folder, Room(reserve, free)
        self._blocks = Blocks(carrier, block_bytes, in_flight, patience, tries)
        readable = zstd.encodings() if encodings is None else encodings
        self._forms = FormPuller(folder, self._blocks, readable, self._room, delta_bytes, making_patience)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ContentError(f"the download folder {folder} cannot be made: {error.strerror}") from error

    def tell_setbacks(self, hear: Callable[[str, str, str], object]) -> None:
        """``hear`` is told when a shorter form did not become its content: the SHA-256 of the content, the encoding,
        and why, in a sentence."""
        self._forms.on_setback = hear

    def on_block(self, block: ContentBlock) -> None:
        """An answer from the fleet; late and repeated ones are ignored."""
        self._blocks.on_block(block)

    def on_plan(self, plan: ContentPlan) -> None:
        """An answer from the fleet; late and repeated ones are ignored."""
        self._blocks.on_plan(plan)

    def on_disconnected(self) -> None:
        """What was asked on the connection that ended is asked again on the next."""
        self._blocks.on_disconnected()

    async def fetch(self, sha256: str, size: int, progress: Callable[[int], None], base: Path | None = None) -> Path:
        """Give the file with this SHA-256 (hex) and size in bytes, downloading what is missing of it.

        ``progress`` hears how many bytes are there; of a shorter form, in proportion. ``base`` is a file that is
        likely to have much in common with it: the package of the version before. Without a connection this waits for
        one. The file is the caller's until :meth:`discard`.

        Raises:
            ContentError: the fleet does not have it or does not answer, it is not what was promised, or the disk
                does not take it.
        """
        whole, part = self._folder / f"{sha256}.ma", self._folder / f"{sha256}.part"
        try:
            if await asyncio.to_thread(_matches, whole, sha256, size):
                progress(size)
                return whole
            received = await asyncio.to_thread(begun, part, size)
            progress(received)
            if received < size:
                if await self._forms.fetch(sha256, size, received, progress, base):
                    return whole
                await asyncio.to_thread(self._room.check, self._folder, size - received)
                await self._blocks.download(part, sha256, size, progress)
            await asyncio.to_thread(_accept, part, whole, sha256, size)
        except OSError as error:
            raise ContentError(
                f"the content {sha256[:12]} cannot be written: {error.strerror}",
                "space" if error.errno in NO_ROOM else "unreachable",
            ) from error
        return whole

    def discard(self, sha256: str) -> None:
        """Delete what there is of a content."""
        for path in self._pieces():
            if path.name.startswith(f"{sha256}."):
                path.unlink(missing_ok=True)

    def keep_only(self, wanted: Iterable[str]) -> None:
        """Delete every content that is not among these SHA-256s."""
        kept = set(wanted)
        for path in self._pieces():
            if path.name.partition(".")[0] not in kept:
                path.unlink(missing_ok=True)

    def _pieces(self) -> list[Path]:
        return [path for path in self._folder.iterdir() if path.suffix in _ENDINGS]


def _accept(part: Path, whole: Path, sha256: str, size: int) -> None:
    if not _matches(part, sha256, size):
        part.unlink(missing_ok=True)
        raise ContentError(
            f"what arrived is not the content {sha256[:12]} that was promised: it is deleted and fetched again",
            "refused",
        )
    part.replace(whole)


def _matches(path: Path, sha256: str, size: int) -> bool:
    if not path.exists() or path.stat().st_size != size:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256
