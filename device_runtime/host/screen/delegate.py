"""What the screen server asks of the device."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from device_runtime.host.screen.layout import Intersection, Viewport
from device_runtime.host.screen.messages import MicrophoneState, NodeEvent, OpenType
from device_runtime.privacy.consents import Profile
from device_runtime.values import Value


@dataclass(frozen=True, slots=True)
class ScreenSize:
    """The board's screen in CSS pixels; ``rpx`` is CSS pixels in one rpx, None where the page chooses."""

    width: int
    height: int
    rpx: float | None = None


@dataclass(frozen=True, slots=True)
class ProgramTile:
    """One program of the launcher. ``icon`` is a path in its package or empty; ``phrases`` are requests to show;
    one that is ``stopped`` ended too often, and is started again by hand only."""

    app_id: str
    name: str
    version: int
    icon: str = ""
    phrases: tuple[str, ...] = ()
    stopped: bool = False


RemoteSetting = Literal["ask", "never", "always"]
"""Whether operators of the fleet may look at the screen: they may ask, they may not, or they need not ask."""


class Watcher(Protocol):
    """Is told what every screen is told, and is none: nothing is asked of it. ``behind`` holds the programs whose
    snapshot is on its way to ``target``."""

    target: str
    behind: set[str]

    def take(self, message: Mapping[str, Any]) -> None:
        """One message of ``docs/architecture.md``, "Screen protocol"."""


class ScreenDelegate(Protocol):
    """What the screen server asks of the device. A raised :class:`CygnetError` is shown to the screen that asked."""

    def programs(self) -> Sequence[ProgramTile]:
        """The programs of the launcher, in order."""

    def resource(self, app_id: str, version: int, path: str) -> bytes | None:
        """A file of a program's package; None where there is none."""

    async def media(self, app_id: str, address: str) -> bytes | None:
        """What a program shows from outside of its package: ``wxfile:`` for its own files, ``http:`` and ``https:``
        for servers. None where there is none, or the program may not have it."""

    def attach(self, target: str) -> None:
        """A screen has connected: send it, by this target, the stack and every page of each running program."""

    def detach(self, target: str) -> None:
        """A screen has gone."""

    def node_event(self, event: NodeEvent) -> None:
        """Something happened to a node of a program's page."""

    def intersection(self, report: Intersection) -> None:
        """A node that the program observes came into view, or left it; see :meth:`ScreenServer.observe`."""

    def viewport(self, target: str, viewport: Viewport) -> None:
        """How large a screen and its page area are: told when it connects, and when that changes."""

    def audio(self, target: str, samples: bytes) -> None:
        """Microphone audio of one screen: 16 kHz mono signed 16-bit little-endian PCM, an even number of bytes."""

    async def launch(self, app_id: str, path: str) -> None:
        """Bring a program to the front; ``path`` is a route of it, or empty."""

    async def home(self) -> None:
        """Show the launcher."""

    async def back(self, app_id: str, delta: int) -> None:
        """Go back ``delta`` pages."""

    async def open(self, app_id: str, path: str, open_type: OpenType) -> None:
        """Open a route, as ``wx.<open_type>`` would."""

    async def utterance(self, text: str) -> None:
        """Understand a typed request."""

    async def listen(self, target: str) -> None:
        """Listen now, without the wake word; ``target`` is the screen that asked."""

    def microphone_state(self, target: str, state: MicrophoneState) -> None:
        """The microphone of the screen ``target`` is on, off, or was refused."""

    async def ui_result(self, app_id: str, dialog: str, result: Value) -> None:
        """The owner answered the dialogue of this id."""

    def privacy_page(self) -> Mapping[str, Value] | None:
        """What the owner sees of privacy, as the screen's message ``privacy`` has it; ``refused`` says why who uses the
        device may neither take a copy nor have anything deleted, or is empty."""

    def decide(self, app_id: str, item: str, *, granted: bool) -> None:
        """A person says yes or no to an item of a program's data plan."""

    def switch_profile(self, profile: Profile) -> None:
        """A person says who uses the device now."""

    async def privacy_copy(self) -> bytes:
        """The owner takes along what is kept here, as JSON."""

    def erase(self, app_id: str) -> None:
        """The owner has deleted what a program keeps, or, where ``app_id`` is empty, what all of them do."""

    def stop_viewing(self) -> None:
        """A person ends what an operator of the fleet sees."""

    def set_remote_screen(self, setting: Literal["ask", "never"]) -> None:
        """A person says whether operators of the fleet may ask to look at the screen."""
