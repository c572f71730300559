"""Who must agree, beside the desired document, before a device installs something: the fleet's signed metadata.

``device_runtime/trust`` is one. On a device that was told of no root it lets pass what the fleet's key signed.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Literal, Protocol

from device_runtime.keys import KeyRing
from device_runtime.sync.messages import Desired, MetadataBlock
from device_runtime.sync.metadata import MetadataCarrier
from device_runtime.update.stages import Target

Kind = Literal["programs", "models"]


class Gate(Protocol):
    """What is refused is raised as a :class:`CygnetError`, whose sentence reaches the operator."""

    def use(self, carrier: MetadataCarrier) -> None:
        """Ask the fleet through this."""

    def on_block(self, block: MetadataBlock) -> None:
        """An answer from the fleet."""

    def on_disconnected(self) -> None:
        """Answers to what was asked come no more."""

    on_new_signers: Callable[[], None]
    """To be set: called on the event loop when other keys than before sign what is desired."""

    @property
    def known_keys(self) -> KeyRing:
        """The keys of now and of before: one of them signed what this device keeps."""

    def now(self) -> float:
        """Unix time in seconds that it is at least, on a device that may have no clock."""

    def on_refused(self) -> None:
        """A desired document was refused; a newer root may name another key."""

    async def on_desired(self, desired: Desired, issued: int) -> None:
        """This document is followed, and was signed (again) at ``issued``, Unix time in seconds: it tells the time, and
        perhaps where trust begins."""

    async def run(self) -> None:
        """Keep what is known of the fleet's metadata fresh, until cancelled."""

    async def approve(self, kind: Kind, name: str, target: Target) -> None:
        """Before it is fetched: the metadata, too, names this very content for this name and version."""

    async def inspect(self, path: Path, kind: Kind, name: str, target: Target) -> None:
        """Before it is installed: the package holds what who signed the metadata saw; its SHA-256 has been checked."""
