"""A board for tests with every capability that a Linux board can have, each the real one; only the loudspeaker, the
microphone, the battery and the screen are played."""

import asyncio
import io
import wave
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path

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
from device_runtime.capability.pictures import picture_capabilities
from device_runtime.capability.recording import recording_capabilities
from device_runtime.capability.registry import Caller, Capability, CapabilityError, CapabilityGate
from device_runtime.capability.request import HttpClient, request_capabilities
from device_runtime.capability.sockets import SocketClient, socket_capabilities
from device_runtime.capability.speech import speech_capability, synthesis_capability
from device_runtime.capability.storage import ProgramStorage, storage_capabilities
from device_runtime.capability.telemetry import telemetry_capability
from device_runtime.capability.transfer import transfer_capabilities
from device_runtime.capability.ui import ui_capabilities
from device_runtime.host.questions import layout_capabilities
from device_runtime.host.screen.layout import LayoutRequest, Observation
from device_runtime.program.limits import Limits
from device_runtime.program.surroundings import Surroundings
from device_runtime.values import Value
from tests.inference_parts import Ears, Service
from tests.open_privacy import OpenPrivacy
from tests.program.running import Recorder


def wav(seconds: float, rate: int = 8000, level: int = 1000) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(level.to_bytes(2, "little", signed=True) * int(seconds * rate))
    return out.getvalue()


class Loudspeaker:
    """Plays in real time into a list; ``stopped`` counts what was cut off."""

    def __init__(self) -> None:
        self.played: list[bytes] = []
        self.stopped = 0

    async def play(self, wav: bytes) -> float:
        self.played.append(wav)
        with wave.open(io.BytesIO(wav)) as file:
            seconds: float = file.getnframes() / file.getframerate()
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            self.stopped += 1
            raise
        return seconds


class Services:
    """The parts, and :meth:`surroundings` made of them."""

    def __init__(self, folder: Path) -> None:
        policy = NetworkPolicy()
        self.files = ProgramFiles(folder / "files")
        self.storage = ProgramStorage(folder / "storage.db")
        self.http = HttpClient(policy, OpenPrivacy())
        self.sockets = SocketClient(policy, OpenPrivacy())
        self.media = ProgramMedia(self.files, self.http)
        self.loudspeaker = Loudspeaker()
        self.synthesised: list[tuple[str, str, int, int]] = []
        self.models, self.ears = Service(), Ears()
        self.clipboard: list[tuple[str, str]] = []
        self.answers: Callable[[Sequence[LayoutRequest]], list[dict[str, Value] | None]] | None = None
        self.observed: list[tuple[int, int, Observation]] = []
        self.unobserved: list[int] = []
        self.shared: list[dict[str, Value]] = []
        self.refuse_to_share = ""
        self.refused = 0
        self.asked: list[tuple[str, Mapping[str, Value]]] = []
        self.answer: Value = None
        self.left: list[str] = []
        self.updated: list[str] = []

    async def ui(self, app_id: str, name: str, arguments: Mapping[str, Value]) -> Value:  # noqa: ARG002
        self.asked.append((name, arguments))
        return self.answer if self.answer is not None else {"confirm": True, "content": "", "tapIndex": 0}

    async def share(self, caller: Caller, arguments: Mapping[str, Value]) -> Value:  # noqa: ARG002 a provider's shape
        if self.refuse_to_share:
            self.refused += 1
            raise CapabilityError(self.refuse_to_share)
        self.shared.append(dict(arguments))
        return {"device": "hall"}

    async def query(
        self,
        app_id: str,  # noqa: ARG002 a protocol's shape
        page: int,  # noqa: ARG002
        requests: Sequence[LayoutRequest],
    ) -> list[dict[str, Value] | None] | None:
        """No screen is connected unless a test says what one answers."""
        return self.answers(requests) if self.answers is not None else None

    def observe(self, app_id: str, page: int, observer: int, observation: Observation) -> None:  # noqa: ARG002
        self.observed.append((page, observer, observation))

    def unobserve(self, app_id: str, observer: int) -> None:  # noqa: ARG002
        self.unobserved.append(observer)

    def synthesise(self, text: str, language: str, rate: int, pitch: int) -> bytes:
        self.synthesised.append((text, language, rate, pitch))
        return wav(0.1)

    async def say(self, app_id: str, text: str) -> None: ...

    async def vibrate(self, milliseconds: int) -> None: ...

    async def microphone(self) -> AsyncIterator[bytes]:
        while True:
            yield b"\x01\x00" * 512
            await asyncio.sleep(0.005)

    def _noting(self, name: str, into: list[str]) -> Capability:
        async def note(caller: Caller, arguments: Mapping[str, Value]) -> Value:
            into.append(caller.app_id)
            return None

        return Capability(name, note)

    def capabilities(self) -> list[Capability]:
        return [
            *storage_capabilities(self.storage),
            *file_capabilities(self.files),
            *request_capabilities(self.http),
            *transfer_capabilities(self.http, self.files),
            *socket_capabilities(self.sockets),
            *ui_capabilities(self),
            *layout_capabilities(self),
            *picture_capabilities(self.files, self.media),
            *font_capabilities(self.media, self),
            *device_capabilities(lambda: "wifi", self.vibrate),
            *battery_capabilities(lambda: (80, True)),
            *clipboard_capabilities(lambda app_id, act: self.clipboard.append((app_id, act)), OpenPrivacy()),
            *audio_capabilities(self.loudspeaker, self.files, self.http),
            *recording_capabilities(self.microphone, self.files, OpenPrivacy()),
            *inference_capabilities(self.models, self.models, self.files, self.ears, Limits(), OpenPrivacy()),
            telemetry_capability(lambda *_: None, OpenPrivacy()),
            count_capability(lambda *_: None, OpenPrivacy()),
            health_capability(lambda *_: None, OpenPrivacy()),
            speech_capability(self),
            synthesis_capability(self.synthesise, self.files),
            self._noting("exitMiniProgram", self.left),
            self._noting("update.apply", self.updated),
            self._noting("restartMiniProgram", self.updated),
            *self.media.capabilities(),
            Capability("share.page", self.share, permission="share"),
        ]

    def surroundings(self, recorder: Recorder) -> Surroundings:
        return Surroundings(
            gate=CapabilityGate(self.capabilities()),
            listener=recorder,
            system=lambda: {
                "platform": "cygnet",
                "windowWidth": 480,
                "windowHeight": 300,
                "screenWidth": 480,
                "screenHeight": 320,
            },
            storage=self.storage.load,
            limits=Limits(event_seconds=2.0),
        )

    async def close(self) -> None:
        await self.sockets.close()
        await self.http.close()
        self.files.close()
        self.storage.close()
