"""The gate of a device: asks the fleet for metadata over its own channel, and lets pass what both sides name.

Verifying blocks (it parses, checks signatures and writes files), so it runs in a thread of its own; what it needs of
the fleet is fetched on the event loop, which never waits for it. python-tuf is imported only once there is a root.
"""

import asyncio
import concurrent.futures
import hashlib
import logging
import random
import threading
import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from device_runtime.keys import KeyRing
from device_runtime.sealed.durable import disk_sentence
from device_runtime.sealed.seal import DIGESTS
from device_runtime.sync.desired import Desired, RootTarget
from device_runtime.sync.gate import Kind
from device_runtime.sync.metadata import MetadataCarrier, MetadataPuller, MetadataUnavailableError
from device_runtime.sync.metadata_messages import MetadataBlock
from device_runtime.trust.errors import TrustError
from device_runtime.trust.keyrings import FleetKeys
from device_runtime.trust.pin import Pin
from device_runtime.trust.reference_time import ReferenceTime
from device_runtime.update.stages import Target
from device_runtime.values import Value

if TYPE_CHECKING:
    from device_runtime.trust.verifier import Approved, Verifier

log = logging.getLogger(__name__)
T = TypeVar("T")

FRESH_SECONDS = 60.0
"""What was verified so long ago at most is not asked for again before an installation."""
KEEP_SECONDS = 3600.0
"""Between two looks at the fleet's metadata while nothing is installed."""
_RETRY_FIRST, _RETRY_LONGEST = 30.0, 3600.0
_NEVER = float("-inf")
_MOST_DIGESTS = 4 * 1024 * 1024


def target_path(kind: Kind, name: str, version_code: int) -> str:
    """How the fleet's metadata names the package of this version: ``programs/com.example.weather/3.ma``."""
    return f"{kind}/{name}/{version_code}.ma"


class TrustLayer:
    """One device's :class:`device_runtime.sync.gate.Gate`. ``keys`` are for whoever verifies what is the fleet's."""

    def __init__(
        self,
        folder: Path,
        fleet: str,
        enrolled_key: Ed25519PublicKey,
        enrolled_root: RootTarget | None,
        record: Callable[[str, str, Mapping[str, Value]], object],
        *,
        clock: Callable[[], float] = time.time,
        fresh: float = FRESH_SECONDS,
        keep: float = KEEP_SECONDS,
        patience: float = 10.0,
    ) -> None:
        """
        Args:
            folder: for what is remembered; made when missing.
            fleet: the id of the fleet.
            enrolled_key: the fleet's key of the enrollment, which counts until there is a root.
            enrolled_root: the root of the enrollment, None where it names none.
            record: telemetry: source, name and values.
            clock: Unix time in seconds, as far as the system knows it.
            fresh: seconds, see :data:`FRESH_SECONDS`.
            keep: seconds, see :data:`KEEP_SECONDS`.
            patience: seconds after which an answer of the fleet counts as lost.

        Raises:
            TrustError: the folder cannot be used.
        """
        self.keys = FleetKeys(enrolled_key)
        self.time = ReferenceTime(folder / "clock.json", clock)
        self.on_new_signers: Callable[[], None] = lambda: None
        """Called on the event loop when other keys than before sign what is desired."""
        self._folder, self._fleet, self._record = folder, fleet, record
        self._fresh, self._keep, self._patience = fresh, keep, patience
        self._pin = Pin(folder, enrolled_root)
        self._verifier: Verifier | None = None
        if self._pin.root is not None:
            self._make_verifier(self._pin.root)
        self._puller: MetadataPuller | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = concurrent.futures.ThreadPoolExecutor(1, "trust")
        self._stop_lock = threading.Lock()
        self._fetching: concurrent.futures.Future[bytes] | None = None
        self._stopping = False
        self._looked = _NEVER
        self._look_now = asyncio.Event()
        self._told = ""

    @property
    def has_root(self) -> bool:
        """Whether the signed metadata is asked before something is installed."""
        return self._pin.root is not None

    @property
    def known_keys(self) -> KeyRing:
        """The keys that have ever signed what is desired, as far as the newest root still names them."""
        return self.keys.sealing

    def now(self) -> float:
        """Unix time in seconds that it is at least."""
        return self.time.now()

    @property
    def root_version(self) -> int:
        """Of the newest root; 0 where there is none yet."""
        return self._verifier.root_version if self._verifier is not None else 0

    # What the agent tells

    def use(self, carrier: MetadataCarrier) -> None:
        """Ask the fleet through this; called on the event loop, before anything else there."""
        self._loop = asyncio.get_running_loop()
        self._puller = MetadataPuller(carrier, patience=self._patience)

    def on_block(self, block: MetadataBlock) -> None:
        """An answer from the fleet."""
        if self._puller is not None:
            self._puller.on_block(block)

    def on_disconnected(self) -> None:
        """Answers to what was asked come no more."""
        if self._puller is not None:
            self._puller.on_disconnected()

    def on_refused(self) -> None:
        """A desired document was signed by a key that is not known: a newer root may name it."""
        if self.has_root:
            self._look_now.set()

    async def on_desired(self, desired: Desired, issued: int) -> None:
        """This document is followed, and was signed (again) at ``issued``, Unix time in seconds: it tells the time, and
        perhaps where trust begins."""
        try:
            if self.time.hear(float(issued)):
                await asyncio.to_thread(self.time.note, float(issued))
            if desired.root is not None and self._pin.root is None:
                await asyncio.to_thread(self._adopt, desired.root)
        except OSError as error:
            log.warning("the trust of this device cannot be kept: %s", disk_sentence(error))

    def _adopt(self, root: RootTarget) -> None:
        if self._pin.adopt(root):
            self._make_verifier(root)
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._look_now.set)

    def _make_verifier(self, root: RootTarget) -> None:
        from device_runtime.trust.verifier import Verifier  # 4 MB that a device without a root does not need

        self._verifier = Verifier(self._folder, self._fleet, root, self.keys, self.time)
        self._verifier.on_new_signers = self._tell_of_new_signers

    def _tell_of_new_signers(self) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self.on_new_signers)

    # Work

    async def run(self) -> None:
        """Look at the fleet's metadata now and then, so that rotations and thefts are heard of, until cancelled."""
        attempt, older = 0, self._keep / 2
        try:
            while True:
                delay = self._keep * random.uniform(0.75, 1.25)  # noqa: S311 - so that a fleet does not ask all at once
                self._look_now.clear()
                if self.has_root:
                    try:
                        await self._look(older)
                        attempt = 0
                    except TrustError as error:
                        self._tell(str(error))
                        delay = min(_RETRY_LONGEST, _RETRY_FIRST * 2.0 ** min(attempt, 10), delay)
                        attempt += 1
                try:
                    async with asyncio.timeout(delay):
                        await self._look_now.wait()
                except TimeoutError:
                    older = self._keep / 2
                    continue
                # Somebody wants to know now; but whoever floods us with documents must not make us flood the fleet.
                older = self._fresh
                await asyncio.sleep(max(0.0, self._looked + self._fresh - _now()))
        finally:
            await self._stop()

    async def approve(self, kind: Kind, name: str, target: Target) -> None:
        """Before it is fetched: the metadata, too, names this very content for this name and version.

        Raises:
            TrustError: it does not, or cannot be had.
        """
        await self._require(kind, name, target)

    async def inspect(self, path: Path, kind: Kind, name: str, target: Target) -> None:
        """Before it is installed: the package holds what who signed the metadata saw; its SHA-256 has been checked.

        Raises:
            TrustError: it holds something else, or the metadata names it no more.
        """
        approved = await self._require(kind, name, target)
        if approved is None:
            return
        found = await asyncio.to_thread(_digests_of, path)
        if found != approved.digests:
            raise TrustError(
                f"{name} {target.version_name} (version {target.version_code}) is refused: its list of files has the "
                f"SHA-256 {found[:12]}..., expected {approved.digests[:12] or 'one'}..., which the role "
                f"{approved.role} version {approved.role_version} signed"
            )

    async def _require(self, kind: Kind, name: str, target: Target) -> "Approved | None":
        """What the metadata says of a target that it allows; None on a device without a root."""
        if self._pin.fault:
            raise TrustError(self._pin.fault, cause="fault")
        if not self.has_root:
            return None
        path = target_path(kind, name, target.version_code)
        await self._look(self._fresh)
        try:
            approved, version = await self._in_turn(lambda verifier: (verifier.find(path), verifier.targets_version()))
        except TrustError:
            self._looked = _NEVER  # what was half read is read anew
            raise
        what = f"{name} {target.version_name} (version {target.version_code})"
        if approved is None:
            raise TrustError(
                f"{what} is refused: it is desired, but no role of the fleet's signed metadata (targets version "
                f"{version}) names {path}, expected one that does: who signs for it has not, or may not any more"
            )
        if (approved.sha256, approved.size) != (target.sha256, target.size):
            raise TrustError(
                f"{what} is refused: {target.size} bytes with SHA-256 {target.sha256[:12]}... are desired, expected "
                f"{approved.size} bytes with {approved.sha256[:12]}..., which the role {approved.role} version "
                f"{approved.role_version} signed for {path}"
            )
        return approved

    async def _look(self, older: float) -> None:
        """Refresh, unless that was done less than ``older`` seconds ago."""
        if _now() - self._looked < older:
            return
        puller, loop = self._puller, self._loop
        if puller is None or loop is None:
            raise TrustError("the device is not connected to its fleet yet", cause="unreachable")

        def fetch(name: str, most: int) -> bytes:
            with self._stop_lock:
                if self._stopping:
                    raise MetadataUnavailableError("the device is stopping")
                fetching = self._fetching = asyncio.run_coroutine_threadsafe(puller.fetch(name, most), loop)
            try:
                return fetching.result()
            except concurrent.futures.CancelledError as error:
                raise MetadataUnavailableError("the device is stopping") from error

        def refresh(verifier: "Verifier") -> None:
            if loop.time() - self._looked >= older:  # somebody else may have looked while this waited
                verifier.refresh(fetch)
                self._looked = loop.time()

        await self._in_turn(refresh)
        if self._told:
            log.info("the fleet's metadata is good again")
        self._told = ""

    async def _in_turn(self, work: Callable[["Verifier"], T]) -> T:
        """In the thread, one at a time; whoever waits may be cancelled, the work goes on to its end."""
        verifier = self._verifier
        if verifier is None:
            raise TrustError("this device was told of no root", cause="fault")
        if self._stopping:
            raise TrustError("the device is stopping", cause="unreachable")
        # A thread of its own with a queue: nothing overlaps.
        done = asyncio.wrap_future(self._thread.submit(work, verifier))
        done.add_done_callback(lambda ended: ended.cancelled() or ended.exception())  # whoever waited may be gone
        try:
            return await asyncio.shield(done)
        except asyncio.CancelledError:
            if done.cancelled() and self._stopping:  # not whoever waited was cancelled, but what it waited for
                raise TrustError("the device is stopping", cause="unreachable") from None
            raise

    async def _stop(self) -> None:
        with self._stop_lock:
            self._stopping = True
            if self._fetching is not None:
                self._fetching.cancel()
        await asyncio.shield(asyncio.to_thread(self._thread.shutdown, wait=True, cancel_futures=True))

    def _tell(self, sentence: str) -> None:
        """Say once what is wrong, however often it is met."""
        if sentence != self._told:
            self._told = sentence
            log.warning("%s", sentence)
            self._record("sync", "metadata_refused", {"reason": sentence[:500]})


def _digests_of(path: Path) -> str:
    """SHA-256 (hex) of a package's list of files.

    Raises:
        TrustError: there is none.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo(DIGESTS).file_size > _MOST_DIGESTS:
                raise TrustError(f"{path.name} is refused: its list of files is longer than {_MOST_DIGESTS} bytes")
            return hashlib.sha256(archive.read(DIGESTS)).hexdigest()
    except (zipfile.BadZipFile, KeyError, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        raise TrustError(f"{path.name} is refused: it is no package, expected one with {DIGESTS}") from error


def _now() -> float:
    return asyncio.get_running_loop().time()
