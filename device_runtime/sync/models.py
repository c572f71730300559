"""Brings the models of a device to what is desired, beside its programs.

Models are there before the programs that ask for them, and go after these. A model whose version came with the device
in the same or a higher version is not fetched.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from device_runtime.errors import CygnetError
from device_runtime.sync.content import ContentPuller
from device_runtime.sync.efforts import Efforts
from device_runtime.sync.fields import one_line
from device_runtime.sync.gate import Gate
from device_runtime.sync.messages import MAX_ERROR, MAX_TEXT, Cause, Desired, ModelReport, ModelTarget
from device_runtime.sync.model_messages import MAX_REPORTED_MODELS
from device_runtime.sync.staging import needs_content, reports, stage, to_be_staged
from device_runtime.sync.telemetry import TelemetryQueue
from device_runtime.sync.transport import Backoff
from device_runtime.update.stages import UpdateError, Versioned
from device_runtime.update.updates import Updates
from device_runtime.values import Value

log = logging.getLogger(__name__)


class BuiltIn(Protocol):
    """A model that came with the device."""

    @property
    def code(self) -> int:
        """Of its version."""

    @property
    def name(self) -> str:
        """Of its version."""


class ModelInstaller(Protocol):
    """The device's store of models, as the fleet's side needs it.

    What goes wrong is raised as :class:`CygnetError`; its sentence reaches the operator.
    """

    def installed(self) -> Mapping[str, Versioned]:
        """The models from the fleet, by name; what is in here and not desired is removed."""

    def built_in(self) -> Mapping[str, BuiltIn]:
        """The versions of the models that came with the device, by name."""

    def take_faults(self) -> Mapping[str, str]:
        """What was found wrong with models of the fleet on this device's disk, since last asked: a sentence by name."""

    def unusable(self) -> str:
        """Why this device can run no models at all, in a sentence; empty when it can."""

    async def install(self, path: Path, name: str, target: ModelTarget) -> None:
        """Switch the model to this package, whose SHA-256 has been checked; the file is not the installer's."""

    async def restore(self, name: str, target: ModelTarget) -> bool:
        """Switch back to this version if the device has kept it; else false."""

    async def remove(self, name: str) -> None:
        """Delete the model; who uses it goes on."""

    def users(self, name: str) -> Collection[str]:
        """The programs that ask for the model, by app id."""


class ModelReconciler:
    """What :class:`~device_runtime.sync.reconciler.Reconciler` does about models."""

    def __init__(
        self,
        installer: ModelInstaller,
        updates: Updates,
        puller: ContentPuller,
        telemetry: TelemetryQueue,
        retry: Backoff,
        woken: asyncio.Event,
        on_change: Callable[[], None],
        gate: Gate | None = None,
    ) -> None:
        self._installer, self._puller, self._telemetry = installer, puller, telemetry
        self._gate = gate
        self.updates = updates
        """How far each is on its way."""
        self.efforts = Efforts(ModelReport, puller, retry, woken, on_change, self._record_failure)

    def reports(self, desired: Desired | None) -> dict[str, ModelReport]:
        """Each model as it is now: those that came with the device, and over them those of the fleet."""
        wanted = desired.models if desired is not None else {}
        built_in = {} if self._installer.unusable() else self._installer.built_in()
        models = {
            name: ModelReport(version.code, one_line(version.name, MAX_TEXT), "built-in")
            for name, version in built_in.items()
        }
        for name, model in self._installer.installed().items():
            own = models.get(name)
            if own is None or own.version_code < model.version_code:
                models[name] = ModelReport(model.version_code, one_line(model.version_name, MAX_TEXT), "installed")
        underway = self.efforts.underway
        models |= underway | reports(self.updates, ModelReport, underway)
        first = sorted(models, key=lambda name: (name not in wanted, name))[:MAX_REPORTED_MODELS]
        return {name: models[name] for name in first}

    def on_trial_for(self, app_id: str) -> list[str]:
        """The models on trial that a program uses."""
        return [name for name in self.updates.all() if app_id in self._installer.users(name)]

    def missing(self, desired: Desired) -> Iterator[str]:
        """The SHA-256s of packages that are still to come."""
        for name, target in desired.models.items():
            update = self.updates.get(name)
            staged = update is not None and update.target.sha256 == target.sha256 and not needs_content(update)
            if not staged and not self._is_there(name, target):
                yield target.sha256

    async def clear_away(self, desired: Desired) -> None:
        """Forget what was tried for models that nobody wants."""
        self.efforts.forget_others(set(desired.models) | set(self._installer.installed()))
        for name in sorted(self.updates.all().keys() - desired.models.keys() - self._installer.installed().keys()):
            try:
                await self.updates.drop(name)
            except (CygnetError, OSError) as error:
                log.warning("what was staged of the model %s cannot be cleared away: %s", name, error)

    async def bring(self, desired: Desired, is_current: Callable[[], Desired | None]) -> None:
        """Once through all models that are desired."""
        for name, sentence in self._installer.take_faults().items():
            log.warning("%s", sentence)
            self._record_failure(name, 0, one_line(sentence, MAX_ERROR), "fault")
        for name, target in desired.models.items():
            if is_current() is not desired:
                return
            if self._is_there(name, target) and self.updates.get(name) is None:
                if name in self.efforts.underway:
                    self.efforts.done(name)
            elif self.efforts.is_due(name, target):
                installed = self._installer.installed().get(name)
                await self.efforts.attempt(name, target, self._bring(name, target, is_current), installed)

    async def remove_others(self, desired: Desired) -> None:
        """Remove what is not desired any more, or stands behind what came with the device."""
        for name, installed in sorted(self._installer.installed().items()):
            target = desired.models.get(name)
            unused = target is None or (target.sha256 != installed.sha256 and self._is_there(name, target))
            if unused and self.efforts.is_due(name, None):
                await self.efforts.attempt(name, None, self._remove(name), installed)

    def _is_there(self, name: str, target: ModelTarget) -> bool:
        if self._installer.unusable():
            return False
        built_in = self._installer.built_in().get(name)
        if built_in is not None and built_in.code >= target.version_code:
            return True
        installed = self._installer.installed().get(name)
        return installed is not None and installed.sha256 == target.sha256

    async def _bring(self, name: str, target: ModelTarget, is_current: Callable[[], Desired | None]) -> None:
        if unusable := self._installer.unusable():
            raise UpdateError(unusable, "refused")
        update = await self.updates.want(name, target, urgent=target.urgent, launch=False, retry=True)
        if update is None or update.target.sha256 != target.sha256 or not to_be_staged(update):
            return

        def wanted() -> bool:
            desired = is_current()
            return desired is not None and desired.models.get(name) == target

        await stage(self.updates, self.efforts, self._puller, self._gate, name, target, wanted)

    async def _remove(self, name: str) -> None:
        await self.updates.drop(name)
        await self._installer.remove(name)
        log.info("model %s is no longer desired and removed", name)
        self._telemetry.record("sync", "model_removed", {"model": name})

    def _record_failure(self, name: str, code: int, sentence: str, cause: Cause) -> None:
        values: dict[str, Value] = {"model": name, "version_code": code, "error": sentence, "cause": cause}
        self._telemetry.record("sync", "model_failed", values)
