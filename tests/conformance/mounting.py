"""One component after another: mounted, looked at, photographed, and asked to answer."""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Error as PlaywrightError

from device_runtime.errors import CygnetError
from device_runtime.view.mirror import MirrorNode
from tests.conformance.libraries import EMPTY, Example, Library, route
from tests.conformance.stage import Stage, StageError

# What comes with a transition may be drawn a moment later, and later still on a busy machine.
_PICTURES = 30
# "Setting data field … to undefined is invalid", "received type-uncompatible value", "same key" in WeChat's words.
_AS_IN_WECHAT = re.compile(
    r": setData in \S+: left out "
    r"|: the value for '\w+', of type [^,]+, is "
    r"|: (two items have the same|an item has no) key '"
)
_DRAWN = Path(__file__).parents[2] / "device_runtime/host/screen/web/components"


@dataclass
class Result:
    """How one component did; each fault is a sentence."""

    name: str
    path: str
    mounting: list[str] = field(default_factory=list)
    answering: list[str] = field(default_factory=list)
    picture: Path | None = None
    complained: bool = False
    """Whether the runtime itself complained; it may do so once only."""

    @property
    def mounted(self) -> bool:
        """It is on the page, and nothing complained."""
        return not self.mounting

    @property
    def answered(self) -> bool:
        """It is, and did what it is there for."""
        return not self.mounting and not self.answering


def drawn_tags() -> frozenset[str]:
    """The tags that the screen has a component for."""
    index = (_DRAWN / "index.js").read_text(encoding="utf-8")
    listed = re.search(r"const COMPONENTS = .*?\n\}\)\);", index, re.DOTALL)
    placeholders = re.search(r"const LABELS = \{.*?\}", (_DRAWN / "placeholder.js").read_text("utf-8"), re.DOTALL)
    assert listed is not None
    assert placeholders is not None
    names = re.findall(r'^  "?([a-z][a-z-]*)"?:', listed[0], re.MULTILINE)
    return frozenset([*names, *re.findall(r'[{ ]"?([a-z-]+)"?: "', placeholders[0])])


class Mounting:
    """Takes a library's components through; the pictures go to ``pictures``."""

    def __init__(self, stage: Stage, library: Library, pictures: Path) -> None:
        self._stage = stage
        self._library = library
        self._paths = library.components()
        self._pictures = pictures
        self._known = drawn_tags() | stage.hosts
        self._empty: bytes | None = None

    async def try_all(self, pages: Mapping[str, Example]) -> list[Result]:
        """Each in turn; what comes too late is tried once more, since a machine may be busy."""
        self._pictures.mkdir(parents=True, exist_ok=True)
        await self._stage.open(EMPTY)
        self._empty = await self._stage.page.screenshot()
        results = {name: await self.try_one(name, example) for name, example in pages.items()}
        self._stage.deadline_seconds *= 2
        for name, result in results.items():
            if not result.answered and not result.complained:
                results[name] = await self.try_one(name, pages[name])
        return list(results.values())

    async def try_one(self, name: str, example: Example) -> Result:
        """Mount, look, photograph, act, look again."""
        result = Result(name, self._paths[name])
        await self._take_through(name, example, result)
        result.complained = bool(self._complaints())
        return result

    async def _take_through(self, name: str, example: Example, result: Result) -> None:
        try:
            await self._stage.open(route(name))
            for act in example.first:
                await self._stage.act(act)
            result.mounting += self._faults()
            result.picture = await self._photograph(result)
        except (CygnetError, PlaywrightError) as error:
            result.mounting += [str(error), *self._complaints()]
            return
        told = len(self._complaints())
        try:
            await self._answer(example)
        except (CygnetError, PlaywrightError) as error:
            result.answering.append(str(error))
            await self._stage.page.screenshot(path=self._pictures / f"{name}.failed.png")
        result.answering += self._complaints()[told:]
        try:
            await self._compare_with_snapshot()
        except (CygnetError, PlaywrightError) as error:
            result.answering.append(str(error))

    # -- mounted -----------------------------------------------------------------------------------------------

    def _faults(self) -> list[str]:
        tags = {node.tag for node in self._stage.tree.root.walk() if node.tag}
        faults = self._complaints()
        if unknown := sorted(tags - self._known):
            faults.append(f"the screen does not know <{'>, <'.join(unknown)}>")
        return faults

    def _complaints(self) -> list[str]:
        """Warnings and errors, but for what WeChat warns of as well: that is about how a library is written."""
        told = dict.fromkeys(self._stage.logged(logging.WARNING))
        return [text for text in told if not _AS_IN_WECHAT.search(text)]

    async def _photograph(self, result: Result) -> Path:
        picture = self._pictures / f"{result.name}.png"
        for _ in range(_PICTURES):
            data = await self._stage.page.screenshot(path=picture, animations="disabled")
            if data != self._empty:
                break
        else:
            result.mounting.append("it draws nothing")
        return picture

    # -- answered ----------------------------------------------------------------------------------------------

    async def _answer(self, example: Example) -> None:
        before = _outline(self._stage.tree.root)
        for act in example.do:
            await self._stage.act(act)
        if example.hears:
            await self._stage.until(lambda: self._stage.heard(example.hears), f"the page hears no {example.hears}")
        elif not example.do[-1].startswith("press "):  # a dialogue of the device that could be answered is an answer
            await self._stage.until(lambda: _outline(self._stage.tree.root) != before, "nothing changes")

    async def _compare_with_snapshot(self) -> None:
        """A screen that connects now shows the same; what moves by itself is given a second chance. A screen may tell
        of more events than a later one does: what nobody hears is of no account."""
        for _ in range(10):
            await self._stage.settle()
            ours = self._stage.tree.root
            late = (await self._stage.snapshot()).root
            if _outline(late) == _outline(ours) and _hears_all(ours, late):
                return
        raise StageError(f"a screen that connects later shows something else: {_first_difference(ours, late)}")


def _hears_all(ours: MirrorNode, late: MirrorNode) -> bool:
    return all({*mine.events} >= {*other.events} for mine, other in zip(ours.walk(), late.walk(), strict=True))


def _outline(node: MirrorNode) -> Any:
    return [node.id, node.tag, node.text, dict(node.attributes), [*map(_outline, node.children)]]


def _first_difference(ours: MirrorNode, late: MirrorNode) -> str:
    """Where two trees part."""
    for mine, other in zip(ours.walk(), late.walk(), strict=False):
        one, two = ([node.id, node.tag, node.text, node.attributes] for node in (mine, other))
        if one != two or not {*mine.events} >= {*other.events}:
            return f"{str([*one, mine.events])[:300]} here, {str([*two, other.events])[:300]} there"
    return "it has more nodes, or fewer"
