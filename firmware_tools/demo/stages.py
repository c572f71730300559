"""What the demo shows, stage by stage, and how each is checked by its effect."""

import asyncio
import io
import time
import wave
from array import array
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from device_runtime.view.mirror import MirrorNode
from device_runtime.voice.speech import Speech, resample
from firmware_tools.demo.person import Person
from firmware_tools.demo.processes import DemoError
from firmware_tools.demo.screen import SAMPLE_RATE, DemoScreen
from firmware_tools.demo.system import DemoSystem

VOICE = "en-us+andrea"
"""A voice of espeak-ng that both the wake word and the recogniser hear well; docs/voice.md has the others."""
WAKE_WORDS = "okay nabu"
REQUEST = "turn on the kitchen light"
LIGHTS = "cygnet.examples.lights"
LIGHT = "light"
"""The event that the lights send, and the item of their data plan."""
_SILENCE = bytes(2 * SAMPLE_RATE)


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage that passed: its title, what was seen, and how many seconds it took."""

    title: str
    seen: str
    seconds: float


class Walk:
    """Goes through the stages in order. ``report`` is told of each as it starts and as it ends."""

    def __init__(self, system: DemoSystem, began: Callable[[str], None], report: Callable[[Stage], None]) -> None:
        self._system = system
        self._began = began
        self._report = report
        self._started = time.time()
        self._last_word = 0.0
        self._title = ""

    @property
    def current(self) -> str:
        """The title of the stage that is under way."""
        return self._title

    async def setup(self) -> None:
        """From nothing to a speaker that runs the example programs.

        Raises:
            DemoError: a stage did not have its effect.
        """
        system = self._system
        await self._stage("MQTT broker", system.start_broker)
        await self._stage("fleet service", system.start_fleet)
        await self._stage("virtual speaker joins the fleet", system.start_device)
        await self._stage("programs built, signed, published", system.publish_examples)
        await self._stage("pulled over MQTT, verified, installed, launched", system.assign_examples)

    async def converse(self, screen: DemoScreen) -> None:
        """A question and its answer, then a spoken request, from the sound to the answer and the fleet's record of it.

        It is all done as a guest, whose yes is forgotten: the owner is asked as if nobody had been here.

        Raises:
            DemoError: a stage did not have its effect.
        """
        await self._stage("the screen shows the lights", lambda: self._lights_are_shown(screen))
        await self._stage("nothing leaves before somebody says yes on the screen", lambda: self._consent(screen))
        await self._stage(f"“{WAKE_WORDS}” is heard", lambda: self._wake(screen))
        await self._stage(f"“{REQUEST}” is understood", lambda: self._request(screen))
        await self._stage("the kitchen light is on, on the screen", lambda: self._light_is_on(screen))
        await self._stage("the answer is spoken", lambda: self._answer(screen))
        await self._stage("its telemetry is in the fleet's store", self._telemetry)
        await self._stage("the guest's yes is forgotten", lambda: self._guest_goes(screen))

    async def _stage(self, title: str, work: Callable[[], Awaitable[str]]) -> None:
        self._title = title
        self._began(title)
        started = time.monotonic()
        seen = await work()
        self._report(Stage(title, seen, time.monotonic() - started))

    async def _lights_are_shown(self, screen: DemoScreen) -> str:
        await screen.send(type="launch", app_id=LIGHTS)
        await screen.wait_for("the lights in front", lambda: screen.front == LIGHTS and kitchen_switch(screen), 10)
        switch = kitchen_switch(screen)
        if switch is None or switch.attributes.get("checked"):
            raise DemoError("the kitchen light is on before anybody asked for it")
        page = screen.page(LIGHTS)
        return f"{len(page.nodes) if page else 0} nodes, kitchen off"

    async def _consent(self, screen: DemoScreen) -> str:
        """A tap makes an event, and the question. What is tapped after the yes reaches the fleet, and nothing else:
        events come in their order, so one that had left before would be there."""
        person = Person(screen)
        await person.be("guest")
        await person.allow_what_is_asked()
        since = time.monotonic()
        await self._switch_the_kitchen(screen, on=True)
        question = await person.asked("Lights", since)
        if await self._lights_told():
            raise DemoError("the fleet was told of a light before anybody said yes")
        answered = time.monotonic()
        await person.allow(question)
        await person.left_alone(answered)
        await self._switch_the_kitchen(screen, on=False)
        records = await self._system.until("the light's record in the fleet's store", self._lights_told, 20)
        told = [record["values"]["on"] for record in records]
        if told != [False]:
            raise DemoError(f"the fleet was told {told}; only what was tapped after the yes may leave")
        return "a tap, the question, “Allow” tapped as a guest would, a tap: the fleet has the second tap alone"

    async def _switch_the_kitchen(self, screen: DemoScreen, *, on: bool) -> None:
        switch = kitchen_switch(screen)
        if switch is None:
            raise DemoError("the kitchen light is not on the screen")
        await screen.switch(LIGHTS, switch, on=on)
        await screen.wait_for(f"the kitchen light to be {'on' if on else 'off'}", lambda: is_lit(screen) is on, 10)

    async def _lights_told(self) -> list[dict[str, Any]]:
        return await self._system.telemetry(LIGHT, self._started)

    async def _guest_goes(self, screen: DemoScreen) -> str:
        person = Person(screen)
        await person.be("owner")
        standing = person.standing(LIGHTS, LIGHT)
        if standing != "unasked":
            raise DemoError(f"the lights' event is {standing} for the owner, whom nobody has asked yet")
        return "the next tap on a light asks the owner"

    async def _wake(self, screen: DemoScreen) -> str:
        words = await asyncio.to_thread(spoken, WAKE_WORDS)
        request = await asyncio.to_thread(spoken, REQUEST)
        pause = bytes(int(0.6 * SAMPLE_RATE) * 2)
        sound = _SILENCE + words + pause + request + _SILENCE
        self._spoke_from = time.monotonic()
        ends_after = len(_SILENCE + words + pause + request) / 2 / SAMPLE_RATE
        self._last_word = self._spoke_from + ends_after
        self._playing = asyncio.create_task(screen.play_into_microphone(sound))
        at, _ = await screen.wait_for("the wake word", lambda: _voice(screen, "wake", self._spoke_from), 20)
        said = self._spoke_from + len(_SILENCE + words) / 2 / SAMPLE_RATE
        return f"{(at - said) * 1e3:+.0f} ms after its last sound"

    async def _request(self, screen: DemoScreen) -> str:
        at, message = await screen.wait_for(
            "the request", lambda: _voice(screen, "recognised", self._spoke_from, "rejected"), 20
        )
        await self._playing
        if message["stage"] == "rejected":
            raise DemoError(f"the request was rejected: {message['text']}")
        return f"“{message['text']}”, {(at - self._last_word) * 1e3:.0f} ms after the last word"

    async def _light_is_on(self, screen: DemoScreen) -> str:
        await screen.wait_for("the kitchen light on the screen", lambda: is_lit(screen), 10)
        arrivals = [
            at
            for at, message in screen.messages
            if message["type"] == "patch" and message["app_id"] == LIGHTS and at > self._spoke_from
        ]
        return f"first patch {(arrivals[0] - self._last_word) * 1e3:.0f} ms after the last word"

    async def _answer(self, screen: DemoScreen) -> str:
        def answered() -> dict[str, Any] | None:
            found = [m for at, m in screen.messages if m["type"] == "speech" and m["url"] and at > self._spoke_from]
            return found[0] if found else None

        message = await screen.wait_for("a spoken answer", answered, 10)
        seconds, loudness = sound_of(await screen.fetch(message["url"]))
        if seconds < 0.3 or loudness < 0.01:
            raise DemoError(f"the answer is {seconds:.1f} s of almost silence")
        return f"“{message['text']}”, {seconds:.1f} s of sound"

    async def _telemetry(self) -> str:
        async def stored() -> list[dict[str, Any]]:
            return [
                r
                for r in await self._lights_told()
                if r["values"].get("room") == "kitchen" and r["values"].get("on") is True
            ]

        records = await self._system.until("the light's record in the fleet's store", stored, 20)
        return f"light {records[0]['values']}"


def spoken(text: str) -> bytes:
    """``text`` as 16 kHz mono int16 samples, in the demo's voice."""
    speech = Speech(VOICE)
    return resample(speech.samples(text), speech.sample_rate, SAMPLE_RATE)


def kitchen_switch(screen: DemoScreen) -> MirrorNode | None:
    """The switch of the kitchen's light on the screen, if it is there."""
    page = screen.page(LIGHTS)
    if page is None:
        return None
    for node in page.root.walk():
        if str(node.attributes.get("class", "")).startswith("room ") and "Kitchen" in node.text_content():
            return next((item for item in node.walk() if item.tag == "switch"), None)
    return None


def is_lit(screen: DemoScreen) -> bool:
    """Whether the kitchen's light is on, on the screen."""
    switch = kitchen_switch(screen)
    return switch is not None and bool(switch.attributes.get("checked"))


def _voice(screen: DemoScreen, stage: str, since: float, *others: str) -> tuple[float, dict[str, Any]] | None:
    found = [
        (at, message)
        for at, message in screen.messages
        if message["type"] == "voice" and message["stage"] in {stage, *others} and at > since
    ]
    return found[0] if found else None


def sound_of(wav: bytes) -> tuple[float, float]:
    """Length in seconds and loudness (root mean square, 0 to 1) of a 16-bit mono WAV file."""
    with wave.open(io.BytesIO(wav)) as file:
        samples = array("h", file.readframes(file.getnframes()))
        rate = file.getframerate()
    if not samples:
        return 0.0, 0.0
    return len(samples) / rate, (sum(sample * sample for sample in samples) / len(samples)) ** 0.5 / 32768
