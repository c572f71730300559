"""What the screens may ask of the device; see :class:`device_runtime.host.screen.server.ScreenDelegate`."""

from collections.abc import Sequence

from device_runtime.errors import CygnetError
from device_runtime.host.conversation import Conversation
from device_runtime.host.desk import Desk
from device_runtime.host.dialogs import Dialogs
from device_runtime.host.hearing import Hearing
from device_runtime.host.screen.layout import Intersection, Viewport
from device_runtime.host.screen.messages import NodeEvent, OpenType
from device_runtime.host.screen.server import ProgramTile, ScreenDelegate
from device_runtime.program.package import DIGESTS, SIGNATURE
from device_runtime.program.store import ProgramStore
from device_runtime.values import Value
from device_runtime.voice.phrases import PhraseError
from device_runtime.voice.suggestions import suggestions


class Front(ScreenDelegate):
    """Passes what screens ask to whoever serves it. ``hearing`` is ``None`` on a board without voice."""

    def __init__(self, store: ProgramStore, dialogs: Dialogs) -> None:
        self._store = store
        self._dialogs = dialogs
        self._desk: Desk | None = None
        self._conversation: Conversation | None = None
        self.hearing: Hearing | None = None
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
            tiles.append(ProgramTile(app_id, manifest.name, manifest.version.code, manifest.icon, phrases))
        return sorted(tiles, key=lambda tile: tile.name.casefold())

    def resource(self, app_id: str, version: int, path: str) -> bytes | None:
        """A file of an installed package."""
        if app_id not in self._store.installed():
            return None
        package = self._store.package(app_id)
        if package.manifest.version.code != version or path in {DIGESTS, SIGNATURE}:
            return None
        return package.entries.get(path)

    def attach(self, target: str) -> None:
        """Send a new screen every page of each running program."""
        if self._desk is not None:
            for session in self._desk.sessions():
                session.attach(target)

    def detach(self, target: str) -> None:
        """A screen has gone."""
        self.viewports.pop(target, None)
        if self.hearing is not None:
            self.hearing.forget_screen(target)

    def node_event(self, event: NodeEvent) -> None:
        """Pass an event to its program; one that no longer runs hears nothing."""
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
        """Keep a screen's size, and tell the program in front where its page has another size now."""
        self.viewports[target] = viewport
        session = self._programs.running(viewport.app_id) if viewport.app_id else None
        if session is not None:
            size: dict[str, Value] = {"windowWidth": viewport.width, "windowHeight": viewport.height}
            session.capability_event("windowResize", {"size": size})

    def audio(self, target: str, samples: bytes) -> None:
        """Microphone audio of a screen."""
        if self.hearing is not None:
            self.hearing.hear(target, samples)

    async def launch(self, app_id: str, path: str) -> None:
        """Bring a program to the front."""
        await self._programs.launch(app_id, path)

    async def home(self) -> None:
        """Show the launcher."""
        self._programs.home()

    async def back(self, app_id: str, delta: int) -> None:
        """Go back in a program."""
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
        if self._conversation is not None:
            await self._conversation.typed(text)

    async def listen(self, target: str) -> None:
        """Listen now.

        Raises:
            CygnetError: the board has no ears.
        """
        if self.hearing is None:
            raise CygnetError("this board does not listen; type the request instead")
        self.hearing.listen(target)

    async def ui_result(self, app_id: str, dialog: str, result: Value) -> None:
        """The owner answered a dialogue."""
        self._dialogs.answer(app_id, dialog, result)
