"""A device: the rooms put together as its board says."""

import logging
import time
from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Middleware

from device_runtime.capability.audio import audio_capabilities
from device_runtime.capability.clipboard import clipboard_capabilities
from device_runtime.capability.counting import count_capability
from device_runtime.capability.device import battery_capabilities, device_capabilities
from device_runtime.capability.files import ProgramFiles, file_capabilities
from device_runtime.capability.fonts import font_capabilities
from device_runtime.capability.health import health_capability
from device_runtime.capability.inference import inference_capabilities
from device_runtime.capability.media import ProgramMedia
from device_runtime.capability.origin import NetworkPolicy
from device_runtime.capability.parts import buzzer_capability, light_capabilities, sensor_capabilities
from device_runtime.capability.pictures import picture_capabilities
from device_runtime.capability.recording import recording_capabilities
from device_runtime.capability.registry import Capability, CapabilityGate
from device_runtime.capability.request import HttpClient, request_capabilities
from device_runtime.capability.sockets import SocketClient, socket_capabilities
from device_runtime.capability.speech import Speaker, speech_capability, synthesis_capability
from device_runtime.capability.storage import ProgramStorage, storage_capabilities
from device_runtime.capability.telemetry import telemetry_capability
from device_runtime.capability.transfer import transfer_capabilities
from device_runtime.capability.ui import ui_capabilities
from device_runtime.engine.isolation.barriers import report_missing
from device_runtime.errors import CygnetError
from device_runtime.host.audio import MicrophoneSource
from device_runtime.host.board import Board
from device_runtime.host.conversation import Conversation
from device_runtime.host.desk import SOURCE, Desk
from device_runtime.host.dialogs import Dialogs
from device_runtime.host.erasing import ProgramErasing
from device_runtime.host.fleet_connection import make_transport, uses_tls
from device_runtime.host.fleet_models import FleetModels
from device_runtime.host.fleet_settings import FleetSettings
from device_runtime.host.front import Front
from device_runtime.host.hearing import Hearing
from device_runtime.host.identity_folder import identity_of
from device_runtime.host.installer import DeviceInstaller
from device_runtime.host.leaving import leaving_capabilities
from device_runtime.host.lights import make_lights
from device_runtime.host.links import find_program
from device_runtime.host.microphone import ProgramMicrophone
from device_runtime.host.models import DeviceModels, can_run_models
from device_runtime.host.moments import HeardPlayer, Moments
from device_runtime.host.notices import NetworkNotices
from device_runtime.host.owner_rights import OwnerRights
from device_runtime.host.plan_changes import PlanChanges
from device_runtime.host.privacy import DevicePrivacy
from device_runtime.host.program_stages import ProgramStages
from device_runtime.host.provisioning import Provisioning
from device_runtime.host.questions import layout_capabilities
from device_runtime.host.screen.server import ScreenServer, ScreenSize
from device_runtime.host.sensors import make_sensors, sensor_categories
from device_runtime.host.sharing import SharedPages
from device_runtime.host.sounds import ScreenPlayer
from device_runtime.host.system import system_info
from device_runtime.host.viewing.around import DeviceAround
from device_runtime.host.viewing.log import ViewLog
from device_runtime.host.viewing.rules import OwnerRule
from device_runtime.host.viewing.viewing import Pace, ScreenViewing
from device_runtime.host.voices import ProgramSpeaker, loudspeaker, mouth, synthesiser
from device_runtime.inference.shared_hearing import SharedHearing
from device_runtime.inference.store import ModelStore
from device_runtime.keys import KeyRing
from device_runtime.program.manifest import Manifest
from device_runtime.program.sessions import WORKER_ENTRY, Sessions
from device_runtime.program.store import ProgramStore
from device_runtime.program.surroundings import SessionListener, Surroundings
from device_runtime.program.uri import parse_uri
from device_runtime.sync.agent import Identity, SyncAgent
from device_runtime.sync.renewal import Renewal
from device_runtime.sync.staging import Updating
from device_runtime.sync.telemetry import TelemetryQueue
from device_runtime.trust.layer import TrustLayer
from device_runtime.values import Value

logger = logging.getLogger(__name__)

# What forking a worker and its first page take besides the program's own code.
_START_SLACK_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Instruments:
    """What a developer's tools put between the parts of a device; a device at work has none.

    ``gate`` makes the gate of the capabilities, ``listener`` goes between the sessions and the desk, ``routes`` are
    served beside the screen, and ``theme`` is the board's, whatever its screens prefer. ``guards`` decide who may see
    any of it. ``worker_entry`` and ``inspect`` are those of :class:`Sessions` and :class:`Surroundings`; ``view_pace``
    is how long looks at the screen take.
    """

    gate: Callable[[Iterable[Capability]], CapabilityGate] = CapabilityGate
    listener: Callable[[SessionListener], SessionListener] = lambda listener: listener
    routes: Sequence[web.AbstractRouteDef] = ()
    guards: Sequence[Middleware] = ()
    theme: Callable[[], str] | None = None
    worker_entry: str = WORKER_ENTRY
    inspect: Callable[[str, Mapping[str, Value]], None] | None = None
    view_pace: Pace | None = None


class Device:
    """One device.

    Args:
        board: what it has.
        state: the directory of all that it remembers.
        provisioning: its fleet, or ``None`` for a device on its own.
        trusted: keys, besides the fleet's, whose packages it runs.
        name: what its screens call it.
        instruments: a developer's tools.

    Raises:
        CygnetError: the state directory or the provisioning cannot be used.
    """

    def __init__(
        self,
        board: Board,
        state: Path,
        provisioning: Provisioning | None,
        trusted: KeyRing,
        name: str = "",
        instruments: Instruments = Instruments(),
    ) -> None:
        self._board, self._instruments = board, instruments
        self._telemetry = TelemetryQueue(
            state / "telemetry.db", budget=board.telemetry.disk_kb * 1024, daily_bytes=board.telemetry.daily_bytes
        )
        self._settings = FleetSettings(
            board.update, board.telemetry.daily_bytes, self._telemetry, self._telemetry.record
        )
        self._trust = _trust(state, provisioning, self._telemetry) if provisioning else None
        fleet_keys = self._trust.keys.sealing if self._trust is not None else {}  # it follows the fleet's root
        self.store = ProgramStore(state / "programs", ChainMap(dict(trusted), fleet_keys))
        self._storage = ProgramStorage(state / "storage.db", board.limits.storage_bytes)
        self._files = ProgramFiles(state / "files")
        policy = NetworkPolicy(board.request.allow_insecure, board.request.hosts)
        self.privacy = DevicePrivacy(state, board.privacy, self._telemetry.record)
        gate = self.privacy.gate
        self._http = HttpClient(policy, gate)
        self._sockets = SocketClient(policy, gate)
        self._media = ProgramMedia(self._files, self._http)
        dialogs = Dialogs()
        self._fleet_models = (
            FleetModels(state / "models", fleet_keys, self._settings.rules, self._users_of) if provisioning else None
        )
        store = self._fleet_models.store if self._fleet_models is not None else ModelStore()
        self._models = DeviceModels(board, store) if can_run_models() else None
        if self._fleet_models is not None and self._models is not None:
            self._fleet_models.use(self._models.service.check)
        self._front = Front(self.store, dialogs, self._media, instruments.theme)
        self._screen = ScreenServer(
            self._front,
            name=name or (provisioning.device if provisioning else board.name),
            screen=ScreenSize(board.screen.width, board.screen.height, board.screen.rpx),
            microphone=board.audio.microphone if board.voice.enabled or self._models is not None else "none",
            host=board.screen.listen,
            port=board.screen.port,
            routes=instruments.routes,
            guards=instruments.guards,
        )
        dialogs.use(self._screen)
        self._microphone = self._program_microphone()
        self._front.microphone = self._microphone
        speaker = ProgramSpeaker()
        self._player = HeardPlayer(loudspeaker(board) or ScreenPlayer(self._screen))
        self.desk = Desk(self.store, self._screen, self._telemetry.record, gate.may_tell, gate.may_hint)
        self.desk.on_program_exit = dialogs.dismiss_all
        self._stages = ProgramStages(
            self.store, self.desk, self._storage, self._files, self._settings.rules, self.programs_changed
        )
        self._shared = (
            SharedPages(self.desk, dialogs, self.store, self._telemetry.record, gate) if provisioning else None
        )
        self._sessions = Sessions(
            Surroundings(
                gate=instruments.gate(self._capabilities(dialogs, speaker)),
                listener=instruments.listener(self.desk),
                system=lambda: {**system_info(board), **self._front.system()},
                storage=self._storage.load,
                limits=board.limits,
                start_seconds=board.limits.launch_seconds + _START_SLACK_SECONDS,
                inspect=instruments.inspect,
            ),
            instruments.worker_entry,
            required_barriers=board.isolation.require,
        )
        self.desk.use(self._sessions)
        self._erasing = ProgramErasing(
            self.privacy.erasures,
            self.desk,
            self.store.installed,
            self._storage,
            self._files,
            self.privacy.labels,
            self._telemetry,
        )
        self.privacy.on_look.append(self._erasing.look)
        self._notices = NetworkNotices(self.desk)
        self._conversation = Conversation(
            self.desk, self._screen, self._telemetry.record, mouth(board), loudspeaker(board)
        )
        speaker.conversation = self._conversation
        self._front.privacy = self.privacy.serve(dialogs, self._conversation, self.desk, self._screen, self._manifests)
        self._front.on_open = self.privacy.gate.ask_anew
        self._front.rights = OwnerRights(
            state, self._manifests, self.privacy.consents, self.privacy.ledger, self.privacy.erasures
        )
        if self._microphone is not None:
            self._conversation.on_speaking.append(self._microphone.mute)
        self._hearing = (
            Hearing(board, self._screen, self._conversation, self._telemetry.record, store)
            if board.voice.enabled
            else None
        )
        self._agent = self._sync_agent(state, provisioning) if provisioning else None
        self._answering_until = 0.0
        self._conversation.on_speaking.append(self._answers)
        if self._shared is not None and self._agent is not None:
            self._shared.use(self._agent.sharing)
        if self._agent is not None:
            self._erasing.fleet = self._agent.erasing
        self.viewing = self._screen_viewing(state, provisioning, dialogs) if provisioning else None
        if self.viewing is not None and self._agent is not None:
            self.viewing.use(self._agent.viewing)
            self._front.viewing = self.viewing

    def _capabilities(self, dialogs: Dialogs, speaker: Speaker) -> list[Capability]:
        offered = [
            *storage_capabilities(self._storage),
            *file_capabilities(self._files),
            *request_capabilities(self._http),
            *transfer_capabilities(self._http, self._files),
            *socket_capabilities(self._sockets),
            *ui_capabilities(dialogs),
            *layout_capabilities(self._screen),
            *self._media.capabilities(),
            *picture_capabilities(self._files, self._media),
            *font_capabilities(self._media, dialogs),
            *device_capabilities(),
            *battery_capabilities(),
            *clipboard_capabilities(
                lambda app_id, act: self._telemetry.record(SOURCE, act, {"app_id": app_id}), self.privacy.gate
            ),
            *leaving_capabilities(self.desk),
            telemetry_capability(self._telemetry.record, self.privacy.gate),
            count_capability(self._telemetry.record, self.privacy.counts),
            speech_capability(speaker),
            health_capability(self._stages.said, self.privacy.gate),
        ]
        if self._shared is not None:
            offered += self._shared.capabilities()
        if self._board.voice.enabled and self._board.audio.speaker != "none":
            offered.append(synthesis_capability(synthesiser(self._board), self._files))
        offered += light_capabilities(make_lights(self._board.leds, self._screen.lights))
        offered += sensor_capabilities(
            make_sensors(self._board.sensors), self.privacy.gate, sensor_categories(self._board.sensors)
        )
        if self._board.audio.speaker != "none":
            player = self._player
            offered.append(buzzer_capability(player))
            offered += audio_capabilities(player, self._files, self._http)
        if self._board.audio.microphone == "device" and self._microphone is not None:
            microphone = self._microphone
            offered += recording_capabilities(
                lambda: microphone.chunks(while_speaking=True),
                self._files,
                self.privacy.gate,
                microphone.listening,
            )
        if self._models is not None:
            models, ears = self._models, self._microphone
            hearing = SharedHearing(models.service, ears.chunks) if ears is not None else None
            offered += inference_capabilities(
                models.service, models, self._files, ears, self._board.limits, self.privacy.gate, hearing
            )
        return offered

    def _program_microphone(self) -> ProgramMicrophone | None:
        """The microphone for programs, if the board has one."""
        audio = self._board.audio
        if audio.microphone == "none":
            return None
        source = (lambda: MicrophoneSource(audio.input_device)) if audio.microphone == "device" else None
        return ProgramMicrophone(self._screen, source)

    def _sync_agent(self, state: Path, provisioning: Provisioning) -> SyncAgent:
        identity = Identity(provisioning.fleet, provisioning.device, self._board.name, version("cygnet"))
        own = identity_of(provisioning) if uses_tls(provisioning) else None
        transport = make_transport(provisioning, with_certificate=own is not None)
        installer = DeviceInstaller(self.store, self.desk, self.programs_changed, self.privacy.consents.forget)
        rules = self._settings.rules
        moments = Moments(
            rules, make_sensors(self._board.sensors), lambda: self.desk.front, self._users_of, self._sounding
        )
        self._front.on_use = self._conversation.on_request = moments.used
        plans = PlanChanges(self.store, self.privacy.consents, lambda: self.privacy.gate.asker, moments.objection)
        updating = Updating(self._stages, self._fleet_models, rules, plans.objection)
        assert self._trust is not None  # noqa: S101 - for mypy: it is made where there is provisioning
        return SyncAgent(
            identity,
            self._trust.keys.desired,
            state / "sync",
            transport,
            installer,
            self._telemetry,
            models=self._fleet_models,
            updating=updating,
            on_settings=self._settings.hear,
            settings_reports=self._settings.reports,
            gate=self._trust,
            renewal=Renewal(own, self._trust.now, self._telemetry.record) if own is not None else None,
        )

    def _screen_viewing(self, state: Path, provisioning: Provisioning, dialogs: Dialogs) -> ScreenViewing:
        """Operators of the fleet who may ask to see the screen."""
        screen = self._board.screen
        return ScreenViewing(
            provisioning.device,
            provisioning.fleet,
            self._screen,
            dialogs,
            DeviceAround(screen, self._front, self.desk, self.store),
            OwnerRule(state, screen.remote_screen),
            ViewLog(state),
            self._telemetry.record,
            self._telemetry,
            self._conversation.say if self._conversation.speaks else None,
            replace(self._instruments.view_pace or Pace(), most_bytes=screen.remote_kb * 1024),
        )

    def _users_of(self, model: str) -> list[str]:
        """The running programs that ask for a model."""
        return [session.app_id for session in self.desk.sessions() if model in session.manifest.models]

    def _answers(self, seconds: float) -> None:
        self._answering_until = time.monotonic() + seconds

    def _sounding(self) -> bool:
        """Whether sound plays, or somebody is listened to or answered."""
        listening = self._hearing is not None and self._hearing.attentive
        answering = self._conversation.busy or time.monotonic() < self._answering_until
        return listening or answering or self._player.sounds

    async def start(self) -> str:
        """Serve the screen, listen, and join the fleet; gives the URL of the screen.

        Raises:
            CygnetError: the port is taken, or a part that the board asks for is missing.
        """
        await self._sessions.start()
        report_missing(self._sessions.workers.missing)
        self._notices.start()
        self.privacy.start()
        self._front.serve(self.desk, self._conversation)
        self.programs_changed()  # before anybody can ask for something
        url = await self._screen.start()
        if self._agent is not None:
            self._agent.start()
        if self._hearing is not None:  # last: models take a second or two to load
            await self._hearing.start()
            self._hearing.learn()
            self._conversation.on_grammar = self._hearing.learn
            self._conversation.on_question = self._hearing.expect_answer
            self._conversation.on_question_over = self._hearing.cease
            self._front.hearing = self._hearing
        self._telemetry.record(SOURCE, "device_started", {"board": self._board.name, "runtime": version("cygnet")})
        return url

    async def stop(self) -> None:
        """End everything in order; what is on the disk stays."""
        if self.viewing is not None:
            await self.viewing.stop()
        await self._erasing.stop()
        if self._agent is not None:
            await self._agent.stop()
        if self._shared is not None:
            await self._shared.stop()
        if self._hearing is not None:
            await self._hearing.stop()
        await self._notices.stop()
        await self.desk.stop()
        await self._sessions.close()
        if self._models is not None:
            await self._models.service.close()
        if self._microphone is not None:
            await self._microphone.close()
        await self._screen.stop()
        await self._sockets.close()
        self.privacy.close()
        await self._http.close()
        self._files.close()
        self._storage.close()
        self._telemetry.close()

    @property
    def screen(self) -> ScreenServer:
        """What the board shows."""
        return self._screen

    @property
    def storage(self) -> ProgramStorage:
        """What its programs have stored."""
        return self._storage

    @property
    def sockets(self) -> SocketClient:
        """The WebSockets of its programs."""
        return self._sockets

    @property
    def conversation(self) -> Conversation:
        """Who serves what is said to it."""
        return self._conversation

    async def open_link(self, text: str) -> None:
        """Bring the program that a link means to the front, at the page that it names.

        Raises:
            CygnetError: the text is no link, leads nowhere on this device, or the program does not start.
        """
        uri = parse_uri(text)
        named = [app_id for app_id in self.store.installed() if uri.names(app_id)]
        manifest = find_program(uri, [self.store.package(app_id).manifest for app_id in named])
        await self.desk.launch(manifest.app_id, uri.route)

    def _manifests(self) -> list[Manifest]:
        """Those of the installed programs; one whose package is damaged is left out."""
        found = []
        for app_id in self.store.installed():
            try:
                found.append(self.store.package(app_id).manifest)
            except CygnetError as error:
                logger.error("%s", error)
        return found

    def programs_changed(self) -> None:
        """Tell the launcher and the ears what is installed now."""
        self._conversation.learn({manifest.app_id: manifest.voice for manifest in self._manifests()})
        if self._hearing is not None:
            self._hearing.learn()
        self._screen.programs()


def _trust(state: Path, provisioning: Provisioning, telemetry: TelemetryQueue) -> TrustLayer:
    """Whom this device believes, of its fleet."""
    fleet, key, root = provisioning.fleet, provisioning.fleet_key, provisioning.root
    return TrustLayer(state / "trust", fleet, key, root, telemetry.record)
