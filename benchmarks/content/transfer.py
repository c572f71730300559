"""One update from the fleet's answers to a device's file, with every payload counted."""

import asyncio
import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from device_runtime.sync.content import ContentPuller
from device_runtime.sync.messages import ContentPlan, ContentRequest, decode_request, decode_response, encode
from firmware_tools.fleet.content import ContentStore
from firmware_tools.fleet.content_answers import ContentAnswers
from firmware_tools.fleet.content_forms import FormKey, FormStore


class _Wire:
    """Carries encoded messages, and counts their bytes."""

    def __init__(self, answers: ContentAnswers) -> None:
        self.puller: ContentPuller | None = None
        self.bytes = 0
        self._answers, self._tasks = answers, set[asyncio.Task[None]]()

    async def online(self) -> None:
        return

    async def ask(self, request: ContentRequest) -> None:
        task = asyncio.get_running_loop().create_task(self._answer(encode(request)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, asked: bytes) -> None:
        request = decode_request(asked)
        assert isinstance(request, ContentRequest)
        payload = encode(await self._answers.answer(request))
        self.bytes += len(asked) + len(payload)
        assert self.puller is not None
        response = decode_response(payload)
        if isinstance(response, ContentPlan):
            self.puller.on_plan(response)
        else:
            self.puller.on_block(response)  # type: ignore[arg-type]  # who asks for content hears of nothing else


async def received(
    data: bytes, base: bytes | None, encodings: Sequence[str], forms: Mapping[bytes | None, bytes]
) -> int:
    """The bytes of all payloads of one update to ``data``, on a device that has ``base``. The fleet has made ``forms``
    before, each for its base or for none: of all devices, one waits for that."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        store, have = ContentStore(folder / "content"), folder / "base.ma"
        sha256 = store.add(data)
        if base is not None:
            store.add(base)
            have.write_bytes(base)
        for built_on, form in forms.items():
            made = FormStore(folder / "content")
            place_of_form = made.temporary()
            place_of_form.write_bytes(form)
            key = FormKey(sha256, hashlib.sha256(built_on).hexdigest() if built_on is not None else "")
            made.put(key, place_of_form, hashlib.sha256(form).hexdigest())
        answers = ContentAnswers(folder / "content")
        async with answers.running():
            wire = _Wire(answers)
            puller = ContentPuller(folder / "device", wire, encodings=tuple(encodings), reserve=0)
            wire.puller = puller
            path = await puller.fetch(sha256, len(data), lambda _: None, have if base is not None else None)
            assert hashlib.sha256(path.read_bytes()).hexdigest() == sha256
        return wire.bytes
