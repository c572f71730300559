"""The world outside of a program under test: real capabilities, whose far ends a test writes and reads.

Arguments are checked by the same code as on a board. Storage and files are real files. Only what lies beyond the board
is played: servers answer what the test says, dialogs are answered as the test says, speech and events are kept.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from yarl import URL

from device_runtime.capability.arguments import text
from device_runtime.capability.clipboard import clipboard_capabilities
from device_runtime.capability.counting import count_capability
from device_runtime.capability.device import device_capabilities
from device_runtime.capability.files import ProgramFiles, file_capabilities
from device_runtime.capability.inference import inference_capabilities
from device_runtime.capability.origin import NetworkPolicy, parse_url
from device_runtime.capability.registry import Caller, Capability, CapabilityError, Provider
from device_runtime.capability.request import read_call
from device_runtime.capability.speech import speech_capability
from device_runtime.capability.storage import ProgramStorage, storage_capabilities
from device_runtime.capability.telemetry import telemetry_capability
from device_runtime.capability.ui import ui_capabilities
from device_runtime.privacy.outflow import request_outflow
from device_runtime.privacy.planned import PlannedOnly
from device_runtime.program.limits import Limits
from device_runtime.values import Value
from firmware_tools.testing.models import PlayedModels


@dataclass(frozen=True, slots=True)
class Call:
    """One call that a program made, with the arguments as it gave them."""

    name: str
    arguments: dict[str, Value]


@dataclass(slots=True)
class Surroundings:
    """What a test says about the world, and what the program did to it.

    ``requests`` maps an address (with or without its query) to the answer: a body, or
    ``{"statusCode", "header", "data"}``, or ``{"fail": reason}``. ``dialogs`` maps ``showModal`` and
    ``showActionSheet`` to the answers of the user. ``network_type`` is in WeChat's words. ``models`` are those of the
    device: see :mod:`firmware_tools.testing.models`.
    """

    storage: ProgramStorage
    files: ProgramFiles
    on_call: Callable[[], None]
    requests: dict[str, Any] = field(default_factory=dict)
    dialogs: dict[str, Any] = field(default_factory=dict)
    network_type: str = "wifi"
    models: PlayedModels = field(default_factory=PlayedModels)
    calls: list[Call] = field(default_factory=list)
    privacy: PlannedOnly = field(default_factory=PlannedOnly)

    def capabilities(self) -> list[Capability]:
        """All that a program under test may call."""
        offered = [
            *storage_capabilities(self.storage),
            *file_capabilities(self.files),
            *clipboard_capabilities(self._note, self.privacy),
            *ui_capabilities(self),
            telemetry_capability(self.record, self.privacy),
            count_capability(self.record, self.privacy),
            speech_capability(self),
            *inference_capabilities(self.models, self.models, self.files, self.models, Limits(), self.privacy),
            *device_capabilities(lambda: self.network_type, self.vibrate),
            Capability("request", self._answer, permission="request"),
            Capability("request.abort", self._abort, permission="request"),
        ]
        return [Capability(item.name, self._kept(item), item.permission) for item in offered]

    def _kept(self, capability: Capability) -> Provider:
        async def provide(caller: Caller, arguments: Mapping[str, Value]) -> Value:
            self.calls.append(Call(capability.name, dict(arguments)))
            try:
                return await capability.provider(caller, arguments)
            finally:
                self.on_call()

        return provide

    async def ui(self, app_id: str, name: str, arguments: Mapping[str, Value]) -> Value:  # noqa: ARG002 a protocol's shape
        """The user's answer to a dialog: as the test says, else the first choice is made."""
        if name in self.dialogs:
            answer: Value = self.dialogs[name]
            return answer
        return {"confirm": True, "content": "", "tapIndex": 0}

    async def say(self, app_id: str, text: str) -> None:
        """Speech; the call itself is what is kept."""

    async def vibrate(self, milliseconds: int) -> None:
        """Vibration; the call itself is what is kept."""

    def _note(self, app_id: str, act: str) -> None:
        """Use of the clipboard; the call itself is what is kept."""

    def record(self, source: str, name: str, values: Mapping[str, Value], priority: str = "") -> None:
        """Events; the call itself is what is kept."""

    async def _abort(self, caller: Caller, arguments: Mapping[str, Value]) -> Value:  # noqa: ARG002 a provider's shape
        return None

    async def _answer(self, caller: Caller, arguments: Mapping[str, Value]) -> Value:
        url = parse_url(text(arguments, "url", 8192))
        NetworkPolicy().address(url, caller.manifest.request_domains)
        call = read_call(arguments)
        outflow = request_outflow(call.method, call.url, call.header, call.body)
        await self.privacy.permit(caller.app_id, caller.manifest.data_plan, outflow)
        data = arguments.get("data")
        if isinstance(data, dict) and text(arguments, "method", 16, "GET").upper() == "GET":
            url = url.extend_query({key: str(value) for key, value in data.items()})
        found = self._find(url)
        if found is None:
            raise CapabilityError(
                f"the test says nothing about {url}; give launch() {{requests: {{'{url.with_query(None)}': …}}}}"
            )
        answer = found[0]
        if not isinstance(answer, dict) or not {"fail", "statusCode"} & set(answer):
            answer = {"data": answer}
        if "fail" in answer:
            raise CapabilityError(str(answer["fail"]))
        return {
            "statusCode": answer.get("statusCode", 200),
            "header": answer.get("header", {}),
            "cookies": [],
            "data": answer.get("data", ""),
        }

    def _find(self, url: URL) -> tuple[Any] | None:
        """The answer whose address fits best: with the same query (in any order), else with none."""
        plain = None
        for address, answer in self.requests.items():
            known = URL(address)
            if known.with_query(None) != url.with_query(None):
                continue
            if sorted(parse_qsl(known.query_string)) == sorted(parse_qsl(url.query_string)):
                return (answer,)
            if not known.query_string:
                plain = (answer,)
        return plain
