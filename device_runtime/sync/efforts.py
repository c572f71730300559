"""What is tried for things of one kind, programs or models: how far each is, and when one that failed is due again."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from device_runtime.errors import CygnetError
from device_runtime.sync.content import ContentPuller
from device_runtime.sync.fields import one_line
from device_runtime.sync.messages import MAX_ERROR, MAX_TEXT, Cause, ModelReport, ProgramReport
from device_runtime.sync.transport import Backoff
from device_runtime.update.stages import Target, Versioned, cause_of

log = logging.getLogger(__name__)


R = TypeVar("R", ProgramReport, ModelReport)


@dataclass(slots=True)
class _Failure:
    target: Target | None
    attempts: int
    due: float


class Efforts(Generic[R]):
    """Of one kind of things, each known by its name. ``target`` is what is desired of one, None that it goes."""

    def __init__(
        self,
        report: type[R],
        puller: ContentPuller,
        retry: Backoff,
        woken: asyncio.Event,
        on_change: Callable[[], None],
        on_failure: Callable[[str, int, str, Cause], None],
    ) -> None:
        """
        Args:
            report: makes reports.
            puller: fetches packages.
            retry: before what failed is tried again.
            woken: set when something else may be desired.
            on_change: called whenever :attr:`underway` has changed, which is often during a download.
            on_failure: told of a name, a version code, a sentence that is new, and its kind.
        """
        self._report: Callable[..., R] = report
        self._puller, self._retry, self._woken = puller, retry, woken
        self._on_change, self._on_failure = on_change, on_failure
        self._failures: dict[str, _Failure] = {}
        self.underway: dict[str, R] = {}
        """What is to be reported of those that are not simply there."""

    def is_due(self, name: str, target: Target | None) -> bool:
        """Whether to try it now."""
        failure = self._failures.get(name)
        return failure is None or failure.target != target or _now() >= failure.due

    def next_due(self) -> float | None:
        """The seconds until something must be tried again, None for never."""
        if not self._failures:
            return None
        return max(0.0, min(failure.due for failure in self._failures.values()) - _now())

    def forget_others(self, names: set[str]) -> None:
        """Nothing is tried any more of others than these."""
        for name in self._failures.keys() - names:
            del self._failures[name]
        for name in self.underway.keys() - names:
            del self.underway[name]
            self._on_change()

    def done(self, name: str) -> None:
        """It is as it should be."""
        self._failures.pop(name, None)
        self.underway.pop(name, None)
        self._on_change()

    async def attempt(
        self, name: str, target: Target | None, step: Coroutine[Any, Any, None], installed: Versioned | None
    ) -> None:
        """Try one; ``installed`` is what there is of it, for the report if it fails."""
        try:
            await step
        except (CygnetError, OSError) as error:
            self.fail(name, target, str(error), installed, cause_of(error, "fault"))
        except Exception as error:  # a fault in an installer must not stop the others
            log.exception("%s cannot be brought to what is desired", name)
            sentence = f"the device has a fault: {type(error).__name__}; its log says more"
            self.fail(name, target, sentence, installed, "fault")
        else:
            self.done(name)

    async def fetch(
        self, name: str, target: Target, wanted: Callable[[], bool], base: Path | None = None
    ) -> Path | None:
        """The package file; None when something else became desired in the meantime, so that it is not ``wanted``.
        ``base`` is the package of the version that is there."""

        def progress(received: int) -> None:
            self.underway[name] = self._report(
                target.version_code, target.version_name, "downloading", received, target.size
            )
            self._on_change()

        fetching = asyncio.ensure_future(self._puller.fetch(target.sha256, target.size, progress, base))
        try:
            while True:
                woken = asyncio.ensure_future(self._woken.wait())
                await asyncio.wait({fetching, woken}, return_when=asyncio.FIRST_COMPLETED)
                woken.cancel()
                if fetching.done():
                    return fetching.result()
                self._woken.clear()
                if not wanted():
                    return None
        finally:
            fetching.cancel()
            await asyncio.gather(fetching, return_exceptions=True)

    def fail(self, name: str, target: Target | None, sentence: str, installed: Versioned | None, cause: Cause) -> None:
        """It failed with this sentence, and is tried again later."""
        before = self._failures.get(name)
        attempts = before.attempts + 1 if before is not None and before.target == target else 1
        # At least half of the delay: a download that fails at once must not be started over at once.
        longest = min(self._retry.longest, self._retry.first * 2.0 ** min(attempts, 30))
        due = _now() + longest / 2 + self._retry.draw(attempts) / 2
        self._failures[name] = _Failure(target, attempts, due)
        sentence = one_line(sentence, MAX_ERROR)
        of = target or installed
        code, version_name = (of.version_code, one_line(of.version_name, MAX_TEXT)) if of is not None else (0, "")
        shown = self.underway.get(name)
        if shown is None or shown.error != sentence:
            log.warning("%s: %s", name, sentence)
            self._on_failure(name, code, sentence, cause)
        received, size = shown.received if shown is not None else 0, target.size if target is not None else 0
        self.underway[name] = self._report(code, version_name, "failed", received, size, sentence, cause)
        self._on_change()


def _now() -> float:
    return asyncio.get_running_loop().time()
