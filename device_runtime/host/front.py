"""What the screens may ask of the device; see :class:`device_runtime.host.screen.server.ScreenDelegate`."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from device_runtime.capability.media import ProgramMedia
from device_runtime.errors import CygnetError
from device_runtime.host.conversation import Conversation
from device_runtime.host.desk import Desk
from device_runtime.host.dialogs import Dialogs
from device_runtime.host.hearing import Hearing
from device_runtime.host.microphone import ProgramMicrophone
from device_runtime.host.owner_rights import OwnerRights
from device_runtime.host.privacy_desk import PrivacyDesk
from device_runtime.host.screen.layout import Intersection, Viewport
from device_runtime.host.screen.messages import MicrophoneState, NodeEvent, OpenType
from device_runtime.host.screen.server import ProgramTile, ScreenDelegate
from device_runtime.host.viewing.viewing import ScreenViewing
from device_runtime.privacy.consents import Profile
from device_runtime.program.package import DIGESTS, SIGNATURE
from device_runtime.program.store import ProgramStore
from device_runtime.values import Value
from device_runtime.voice.phrases import PhraseError
from device_runtime.voice.suggestions import suggestions

logger = logging.getLogger(__name__)


class Front(ScreenDelegate):
    """Passes what screens ask to whoever serves it. ``hearing`` is ``None`` on a board without voice,
    ``microphone`` where programs have none, ``viewing`` without a fleet; without a ``theme`` screens choose it."""

    def __init__(
        self, store: ProgramStore, dialogs: Dialogs, media: ProgramMedia, theme: Callable[[], str] | None = None
    ) -> None:
        self._store = store
        self._media = media
        self._dialogs = dialogs
        self._theme = theme
        self._desk: Desk | None = None
        self._conversation: Conversation | None = None
        self.hearing: Hearing | None = None
        self.microphone: ProgramMicrophone | None = None
        self.viewing: ScreenViewing | None = None
        self.privacy: PrivacyDesk | None = None
        self.rights: OwnerRights | None = None
        self.on_use: Callable[[], None] = lambda: None
        """Told whenever somebody does something on a screen."""
        self.on_open: Callable[[str], None] = lambda _app_id: None
        """Told of the program that somebody opens on a screen."""
        self.viewports: dict[str, Viewport] = {}
        """What each connected screen last said of its size, by target."""

    def serve(self, desk: Desk, conversation: Conversation) -> None:
        """Begin to serve: until now screens saw an empty device."""
        self._desk = desk
        self._conversation = conversation

    @property
    def _programs(self) -> Desk:
        if self._desk is None:
            raise CygnetError("the device is still starting; try again in a moment")
        return self._desk

    def programs(self) -> Sequence[ProgramTile]:
        """The installed programs, by name; one whose package is damaged is left out."""
        tiles = []
        for app_id in self._store.installed():
            try:
                manifest = self._store.package(app_id).manifest
                phrases = suggestions(manifest.voice)
            except PhraseError:
                phrases = ()
            except CygnetError:
                continue
            stopped = self._desk is not None and self._desk.is_stopped(app_id)
            tiles.append(ProgramTile(app_id, manifest.name, manifest.version.code, manifest.icon, phrases, stopped))
        return sorted(tiles, key=lambda tile: tile.name.casefold())

    def resource(self, app_id: str, version: int, path: str) -> bytes | None:
        """A file of an installed package."""
        if app_id not in self._store.installed():
            return None
        package = self._store.package(app_id)
        if package.manifest.version.code != version or path in {DIGESTS, SIGNATURE}:
            return None
        return package.entries.get(path)

    async def media(self, app_id: str, address: str) -> bytes | None:
        """What a running program shows from its files or from a server that it may reach."""
        session = self._desk.running(app_id) if self._desk is not None else None
        if session is None:
            return None
        try:
            return await self._media.read(session.caller, address)
        except CygnetError as error:
            logger.info("%s cannot show %s: %s", app_id, address[:200], error)
            return None

    def attach(self, target: str) -> None:
        """Send a new screen every page of each running program."""
        if self._desk is not None:
            for session in self._desk.sessions():
                session.attach(target)

    def detach(self, target: str) -> None:
        """A screen has gone."""
        self.viewports.pop(target, None)
        if self.viewing is not None:
            self.viewing.screen_gone()
        if self.hearing is not None:
            self.hearing.forget_screen(target)
        if self.microphone is not None:
            self.microphone.forget_screen(target)

    def node_event(self, event: NodeEvent) -> None:
        """Pass an event to its program; one that no longer runs hears nothing."""
        self.on_use()
        session = self._programs.running(event.app_id)
        if session is not None:
            session.node_event(
                event.page,
                event.node,
                event.event,
                event.detail,
                event.touches,
                event.time_stamp,
                event.changed_touches,
            )

    def intersection(self, report: Intersection) -> None:
        """Tell a program that a node it observes came into view, or left it."""
        session = self._programs.running(report.app_id)
        if session is not None:
            session.capability_event(
                "intersection",
                {
                    "page": report.page,
                    "observer": report.observer,
                    "node": report.node,
                    "intersectionRatio": report.ratio,
                    "intersectionRect": dict(report.intersection_rect),
                    "boundingClientRect": dict(report.bounding_rect),
                    "relativeRect": dict(report.relative_rect),
                    "time": report.time,
                },
            )

    def viewport(self, target: str, viewport: Viewport) -> None:
        """Keep a screen's size, tell the program in front how large its page is, and all programs of another theme."""
        theme = self.theme
        self.viewports.pop(target, None)
        self.viewports[target] = viewport
        session = self._programs.running(viewport.app_id) if viewport.app_id else None
        if session is not None:
            session.capability_event("windowResize", viewport.system())
        if self.theme != theme:
            for running in self._programs.sessions():
                running.capability_event("themeChange", {"theme": self.theme})

    @property
    def theme(self) -> str:
        """What the owner of the screen that spoke last prefers, if it is not given."""
        if self._theme is not None:
            return self._theme()
        return next((viewport.theme for viewport in reversed(self.viewports.values())), "light")

    def system(self) -> dict[str, Value]:
        """What ``wx.getSystemInfoSync`` says of the screen, as the one that spoke last tells; empty without one."""
        last = next(reversed(self.viewports.values()), None)
        return {"theme": self.theme} | (last.system() if last is not None else {})

    def audio(self, target: str, samples: bytes) -> None:
        """Microphone audio of a screen."""
        if self.hearing is not None:
            self.hearing.hear(target, samples)
        if self.microphone is not None:
            self.microphone.hear(target, samples)

    def microphone_state(self, target: str, state: MicrophoneState) -> None:
        """The microphone of a screen is on, off, or was refused."""
        if self.microphone is not None:
            self.microphone.screen_state(target, state)

    async def launch(self, app_id: str, path: str) -> None:
        """Bring a program to the front."""
        self.on_use()
        self.on_open(app_id)
        await self._programs.launch(app_id, path)

    async def home(self) -> None:
        """Show the launcher."""
        self.on_use()
        self._programs.home()

    async def back(self, app_id: str, delta: int) -> None:
        """Go back in a program."""
        self.on_use()
        session = self._programs.running(app_id)
        if session is not None:
            session.back(delta)

    async def open(self, app_id: str, path: str, open_type: OpenType) -> None:
        """Open a route of a program."""
        session = self._programs.running(app_id)
        if session is not None:
            session.open(path, open_type)

    async def utterance(self, text: str) -> None:
        """Serve a typed request."""
        self.on_use()
        if self._conversation is not None:
            await self._conversation.typed(text)

    async def listen(self, target: str) -> None:
        """Listen now.

        Raises:
            CygnetError: the board has no ears.
        """
        if self.hearing is None and self.microphone is not None:
            return  # programs hear, and nobody else
        if self.hearing is None:
            raise CygnetError("this board does not listen; type the request instead")
        self.hearing.listen(target)

    async def ui_result(self, app_id: str, dialog: str, result: Value) -> None:
        """The owner answered a dialogue."""
        self.on_use()
        self._dialogs.answer(app_id, dialog, result)

    def privacy_page(self) -> Mapping[str, Value] | None:
        """What the owner sees of privacy; ``None`` while the device starts."""
        if self.privacy is None or self.rights is None:
            return None
        return self.privacy.document() | self.rights.document()

    def decide(self, app_id: str, item: str, *, granted: bool) -> None:
        """A person says yes or no to an item of a program."""
        if self.privacy is not None:
            self.privacy.decide(app_id, [item], granted=granted)

    def switch_profile(self, profile: Profile) -> None:
        """Somebody else uses the device."""
        if self.privacy is not None:
            self.privacy.switch(profile)

    async def privacy_copy(self) -> bytes:
        """The owner takes along what is kept here."""
        return await self._owner.copy()

    def erase(self, app_id: str) -> None:
        """The owner has deleted what a program keeps, or what all of them do."""
        self._owner.erase(app_id)

    @property
    def _owner(self) -> OwnerRights:
        if self.rights is None:
            raise CygnetError("the device is still starting; try again in a moment")
        return self.rights

    def stop_viewing(self) -> None:
        """End what an operator sees."""
        if self.viewing is not None:
            self.viewing.end("person")

    def set_remote_screen(self, setting: Literal["ask", "never"]) -> None:
        """Say whether operators may ask."""
        if self.viewing is not None:
            self.viewing.set_rule(setting)
