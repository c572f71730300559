"""The user of one program under test: starts it, sees its pages as a screen does, taps, speaks, and asks.

Everything goes through the program's session and the patches it sends; nothing here reaches into the worker.
After each act the driver waits until the program has done what the act asked for directly: it asks for a snapshot,
as a screen that connects does, and the worker answers that after all that came before.
"""

import asyncio
import itertools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from device_runtime.errors import CygnetError
from device_runtime.program.session import ProgramSession
from device_runtime.values import Value
from device_runtime.view.mirror import MirrorNode, MirrorTree
from device_runtime.view.patches import Operation
from device_runtime.voice.grammar import Grammar
from firmware_tools.testing.launching import Launcher
from firmware_tools.testing.models import PlayedModelError
from firmware_tools.testing.selectors import attribute_text, select, visible_text
from firmware_tools.testing.surroundings import Surroundings

STEP_SECONDS = 10.0
_TYPED = ("input", "textarea")
_OUTLINE_NODES = 40
_WORLD = ("requests", "dialogs", "network", "models")
_PROBE = "cygnet-test-"


class DriverError(CygnetError):
    """A test asks for something that the program does not have or do; the message is the test's failure."""


@dataclass(slots=True)
class _Screen:
    """What a screen has been told: the pages from bottom to top, and each one's tree."""

    stack: list[dict[str, Any]] = field(default_factory=list)
    trees: dict[int, MirrorTree] = field(default_factory=dict)

    def take_stack(self, pages: list[dict[str, Any]]) -> None:
        self.stack = pages
        shown = {page["id"] for page in pages}
        self.trees = {page: tree for page, tree in self.trees.items() if page in shown}

    def take_patch(self, page: int, operations: Sequence[Operation]) -> None:
        self.trees.setdefault(page, MirrorTree()).apply(operations)

    @property
    def top(self) -> dict[str, Any]:
        if not self.stack:
            raise DriverError("the program shows no page")
        return self.stack[-1]


class ProgramDriver:
    """Runs at most one program at a time; :meth:`act` is what a test's JavaScript calls."""

    def __init__(self, launcher: Launcher) -> None:
        self._launcher = launcher
        self._grammar = Grammar({launcher.manifest.app_id: launcher.manifest.voice})
        self._program: ProgramSession | None = None
        self._surroundings: Surroundings | None = None
        self._screen = _Screen()
        self._version = 0
        self._changed = asyncio.Event()
        self._probes = itertools.count(1)
        self._answered: dict[str, asyncio.Event] = {}
        self._errors: list[str] = []
        self._logs: list[dict[str, str]] = []
        self._started = 0.0
        self._exit: str | None = None

    async def act(self, name: str, values: list[Any]) -> Any:
        """Do one thing that a test asks for.

        Raises:
            CygnetError: it cannot be done; the message is for the test's author.
        """
        method = getattr(self, f"_do_{name}", None)
        if method is None:
            raise DriverError(f"a test cannot {name!r}")
        return await method(*values)

    async def end(self) -> list[str]:
        """Stop the program of the test that is over; returns the errors that the test did not ask about."""
        if self._program is not None:
            await self._program.stop()
            self._program = None
        if self._surroundings is not None:
            self._surroundings.storage.close()
            self._surroundings = None
        errors, self._errors = self._errors, []
        return errors

    # ---- what the session tells (SessionListener)

    def on_stack(self, app_id: str, pages: list[dict[str, Any]], transition: str, target: str) -> None:  # noqa: ARG002
        """The page stack; one that is only for a probe answers it."""
        if target.startswith(_PROBE):
            if target in self._answered:
                self._answered[target].set()
            return
        self._screen.take_stack(pages)
        self._tell()

    def on_patch(self, app_id: str, page: int, operations: list[Operation], target: str) -> None:  # noqa: ARG002
        """Changes of one page."""
        if not target:
            self._screen.take_patch(page, operations)
            self._tell()

    def on_log(self, app_id: str, level: str, text: str, source: str) -> None:  # noqa: ARG002 the listener's shape
        """A console line, or an uncaught error."""
        self._logs.append({"level": level, "text": text, "source": source})
        if level == "error":
            self._errors.append(f"{text} ({source})" if source else text)
        self._tell()

    def on_exit(self, app_id: str, reason: str) -> None:  # noqa: ARG002 the listener's shape
        """The program ended by itself."""
        self._exit = reason
        if reason:
            self._errors.append(f"the program ended: {reason}")
        for answered in self._answered.values():
            answered.set()
        self._tell()

    def _tell(self) -> None:
        self._version += 1
        self._changed.set()

    # ---- starting

    async def _do_launch(self, options: Mapping[str, Any]) -> None:
        known = ("path", "storage", *_WORLD)
        for option in options:
            if option not in known:
                raise DriverError(f"launch has no option {option!r}; known are {', '.join(known)}")
        await self.end()
        storage = self._launcher.new_storage()
        self._surroundings = Surroundings(storage, self._launcher.new_files(), self._tell)
        await self._do_surround({name: options[name] for name in _WORLD if name in options})
        for key, value in dict(options.get("storage") or {}).items():
            await storage.set(self._launcher.manifest.app_id, key, value)
        await self._start(str(options.get("path") or ""))

    async def _do_relaunch(self, path: str) -> None:
        await self._running().stop()
        await self._start(path)

    async def _do_surround(self, options: Mapping[str, Any]) -> None:
        surroundings = self._outside()
        surroundings.requests = dict(options.get("requests") or surroundings.requests)
        surroundings.dialogs = dict(options.get("dialogs") or surroundings.dialogs)
        surroundings.network_type = str(options.get("network") or surroundings.network_type)
        surroundings.models.given = dict(options.get("models") or surroundings.models.given)

    async def _start(self, path: str) -> None:
        self._screen, self._exit, self._logs = _Screen(), None, []
        self._started = time.monotonic()
        self._program = await self._launcher.start(self._outside(), self, path)
        await self._settle()

    def _running(self) -> ProgramSession:
        if self._program is None:
            raise DriverError("no program is running; call launch() first")
        if self._exit is not None:
            raise DriverError(f"the program has ended: {self._exit or 'it stopped'}")
        return self._program

    def _outside(self) -> Surroundings:
        if self._surroundings is None:
            raise DriverError("no program is running; call launch() first")
        return self._surroundings

    async def _settle(self) -> None:
        """Wait until the worker has answered a snapshot, and so done all that was asked of it before."""
        target = f"{_PROBE}{next(self._probes)}"
        answered = self._answered[target] = asyncio.Event()
        self._running().attach(target)
        try:
            await asyncio.wait_for(answered.wait(), STEP_SECONDS)
        except TimeoutError as error:
            raise DriverError(f"the program did not come back within {STEP_SECONDS:g} s") from error
        finally:
            del self._answered[target]

    # ---- seeing

    def _nodes(self, steps: list[dict[str, Any]]) -> list[MirrorNode]:
        page = self._screen.top["id"]
        found = [self._screen.trees.setdefault(page, MirrorTree()).root]
        for step in steps:
            if "index" in step:
                index = step["index"]
                found = [found[index]] if -len(found) <= index < len(found) else []
                continue
            inside = dict.fromkeys(node for root in found for node in select(root, step["selector"]))
            wanted = step.get("text")
            found = [node for node in inside if wanted is None or wanted in visible_text(node)]
        return found

    async def _one(self, steps: list[dict[str, Any]]) -> MirrorNode:
        """The first node that fits; a program that is still drawing it is given time."""
        deadline = time.monotonic() + self._launcher.wait_seconds
        while not (found := self._nodes(steps)):
            left = deadline - time.monotonic()
            if left <= 0:
                raise DriverError(f"the page holds no {_described(steps)}; it holds {await self._do_outline()}")
            await self._do_wait(self._version, left * 1000)
        return found[0]

    async def _do_count(self, steps: list[dict[str, Any]]) -> int:
        return len(self._nodes(steps))

    async def _do_text(self, steps: list[dict[str, Any]]) -> str:
        return visible_text(await self._one(steps))

    async def _do_attribute(self, steps: list[dict[str, Any]], name: str) -> Value:
        return (await self._one(steps)).attributes.get(name)

    async def _do_outline(self) -> str:
        """The page in few words, for messages."""
        page = self._screen.top
        root = self._screen.trees.get(page["id"], MirrorTree()).root
        nodes = [node for node in root.walk() if node.tag and node.tag != "page"]
        words = [
            node.tag + "".join(f".{name}" for name in attribute_text(node.attributes.get("class", "")).split())
            for node in nodes[:_OUTLINE_NODES]
        ]
        more = f" and {len(nodes) - _OUTLINE_NODES} more" if len(nodes) > _OUTLINE_NODES else ""
        return f"on {page['route']}: {' '.join(words) or 'nothing'}{more}"

    async def _do_route(self) -> str:
        return str(self._screen.top["route"])

    async def _do_title(self) -> str:
        return str(self._screen.top["window"].get("navigationBarTitleText", ""))

    async def _do_version(self) -> int:
        return self._version

    async def _do_now(self) -> float:
        return time.monotonic() * 1000

    async def _do_wait(self, version: int, milliseconds: float) -> None:
        if version != self._version:
            return
        self._changed.clear()
        try:
            await asyncio.wait_for(self._changed.wait(), max(0.0, milliseconds) / 1000)
        except TimeoutError:
            return

    # ---- acting

    async def _do_tap(self, steps: list[dict[str, Any]]) -> None:
        node = await self._one(steps)
        if node.attributes.get("disabled") is True:
            raise DriverError(f"{_described(steps)} is disabled; nobody can tap it")
        if node.tag == "switch":
            await self._do_enter(steps, node.attributes.get("checked") is not True)
            return
        self._need_listener(node, "tap", steps)
        await self._send(node, "tap", {"x": 0, "y": 0})

    async def _do_enter(self, steps: list[dict[str, Any]], value: Value) -> None:
        node = await self._one(steps)
        event = "input" if node.tag in _TYPED else "change"
        detail: dict[str, Value] = {"value": value}
        if node.tag in _TYPED:
            detail["cursor"] = len(str(value))
        # The screen's own element changes first; the program may then set it to something else.
        node.attributes["checked" if node.tag == "switch" else "value"] = value
        if not self._has_listener(node, event) and not any(name.startswith("model:") for name in node.attributes):
            raise DriverError(f"{_described(steps)} does not listen for {event!r}")
        await self._send(node, event, detail)

    async def _do_trigger(self, steps: list[dict[str, Any]], event: str, detail: dict[str, Value]) -> None:
        node = await self._one(steps)
        self._need_listener(node, event, steps)
        await self._send(node, event, detail)

    async def _send(self, node: MirrorNode, event: str, detail: Value) -> None:
        page = self._screen.top["id"]
        milliseconds = (time.monotonic() - self._started) * 1000
        self._running().node_event(page, node.id, event, detail, [], milliseconds)
        await self._settle()

    def _need_listener(self, node: MirrorNode, event: str, steps: list[dict[str, Any]]) -> None:
        if not self._has_listener(node, event):
            raise DriverError(f"neither {_described(steps)} nor anything around it listens for {event!r}")

    @staticmethod
    def _has_listener(node: MirrorNode, event: str) -> bool:
        here: MirrorNode | None = node
        while here is not None:
            if event in here.events:
                return True
            here = here.parent
        return False

    async def _do_say(self, sentence: str) -> str | None:
        match = self._grammar.match_text(sentence)
        if match is None:
            raise DriverError(f"no phrase of this program matches {sentence!r}; see voice in its cygnet.json")
        return await self._request(match.intent, dict(match.slots), sentence)

    async def _do_intent(self, name: str, slots: dict[str, str]) -> str | None:
        return await self._request(name, slots, "")

    async def _do_hear(self, label: str, probability: float) -> None:
        deadline = time.monotonic() + self._launcher.wait_seconds
        while True:  # a program that is still loading its model is given time
            try:
                self._outside().models.hear(label, probability)
            except PlayedModelError:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise
                await self._do_wait(self._version, left * 1000)
            else:
                break
        await self._settle()

    async def _request(self, intent: str, slots: dict[str, str], sentence: str) -> str | None:
        answer = await asyncio.wait_for(self._running().intent(intent, slots, sentence), STEP_SECONDS)
        await self._settle()
        return answer

    async def _do_open(self, path: str) -> None:
        self._running().open(f"/{path.lstrip('/')}")
        await self._settle()

    async def _do_back(self) -> None:
        self._running().back()
        await self._settle()

    async def _do_hide(self) -> None:
        self._running().hide()
        await self._settle()

    async def _do_show(self) -> None:
        self._running().show()
        await self._settle()

    # ---- asking

    async def _do_calls(self, name: str) -> list[dict[str, Value]]:
        return [call.arguments for call in self._outside().calls if call.name == name]

    async def _do_storage(self) -> dict[str, Value]:
        return self._outside().storage.load(self._launcher.manifest.app_id)

    async def _do_errors(self) -> list[str]:
        errors, self._errors = self._errors, []
        return errors

    async def _do_logs(self) -> list[dict[str, str]]:
        return self._logs


def _described(steps: list[dict[str, Any]]) -> str:
    words = []
    for step in steps:
        if "index" in step:
            words.append(f"[{step['index']}]")
        else:
            text = step.get("text")
            words.append(step["selector"] + (f' "{text}"' if text is not None else ""))
    return " ".join(words)
