"""What the screens of a device show, kept from what they are told: a watcher beside them, without a browser.

It keeps what one screen keeps, and gives of it what is in front. What is said and heard is no part of it: the words of
a person never leave the device.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from device_runtime.host.viewing.masking import Mask
from device_runtime.view.differences import Picture, picture_of
from device_runtime.view.mirror import MirrorError, MirrorTree

logger = logging.getLogger(__name__)

MAX_DRAWN = 5_000
"""Commands that are kept of one canvas; of a longer drawing the end is shown."""
_LASTING = frozenset({
    "setTabBarBadge", "removeTabBarBadge", "showTabBarRedDot", "hideTabBarRedDot", "setTabBarItem", "setTabBarStyle",
})  # fmt: skip
_QUESTIONS = frozenset({"showModal", "showActionSheet"})
_PASSING = frozenset({"showToast", "showLoading", "hideToast", "hideLoading"})
_MOST_PASSING = 16


@dataclass(slots=True)
class _Page:
    tree: MirrorTree = field(default_factory=MirrorTree)
    mask: Mask = field(default_factory=Mask)
    drawn: dict[int, list[Any]] = field(default_factory=dict)
    fresh: dict[int, list[Any]] = field(default_factory=dict)
    broken: bool = False


@dataclass(slots=True)
class _Program:
    version: int
    stack: list[Mapping[str, Any]] = field(default_factory=list)
    tab_bar: Mapping[str, Any] | None = None
    pages: dict[int, _Page] = field(default_factory=dict)
    lasting: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    replaced: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """What is in front: the launcher (``app_id`` is ``None``) or the top page of a program.

    ``page`` is ``{id, route, window, styles}``; ``drawn`` and ``fresh`` are the commands of its canvases by node: all,
    and those since the last scene. ``broken``: the page cannot be shown.
    """

    app_id: str | None
    tiles: Sequence[Mapping[str, Any]] = ()
    version: int = 0
    page: Mapping[str, Any] = field(default_factory=dict)
    depth: int = 0
    tab_bar: Mapping[str, Any] | None = None
    picture: Picture = field(default_factory=dict)
    drawn: Mapping[int, Sequence[Any]] = field(default_factory=dict)
    fresh: Mapping[int, Sequence[Any]] = field(default_factory=dict)
    lasting: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    questions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    passing: Sequence[Mapping[str, Any]] = ()
    broken: bool = False


class SceneKeeper:
    """Takes what screens are told (:class:`device_runtime.host.screen.server.Watcher`); ``on_change`` is called where
    something changed that a scene shows."""

    def __init__(self, target: str, behind: set[str], on_change: Callable[[], None]) -> None:
        self.target, self.behind = target, behind
        self._on_change = on_change
        self._front: str | None = None
        self._tiles: Sequence[Mapping[str, Any]] = ()
        self._programs: dict[str, _Program] = {}
        self._passing: list[Mapping[str, Any]] = []
        self._questions: dict[str, Mapping[str, Any]] = {}

    @property
    def front(self) -> str | None:
        """The program in front."""
        return self._front

    def take(self, message: Mapping[str, Any]) -> None:
        """One message to the screens."""
        take = getattr(self, f"_take_{message['type']}", None)
        if take is not None:
            take(message)
            self._on_change()

    def scene(self) -> Scene:
        """What is in front now. What passes (a toast, a stroke on a canvas) is given once."""
        passing, self._passing = self._passing, []
        program = self._programs.get(self._front) if self._front is not None else None
        if program is None or not program.stack:
            return Scene(None, self._tiles)
        top = program.stack[-1]
        page = program.pages.setdefault(int(top["id"]), _Page())
        fresh, page.fresh = page.fresh, {}
        return Scene(
            self._front,
            version=program.version,
            page=top,
            depth=len(program.stack),
            tab_bar=program.tab_bar,
            picture=picture_of(page.tree.root, page.mask.look),
            drawn={node: list(commands) for node, commands in page.drawn.items() if node in page.tree.nodes},
            fresh=fresh,
            lasting=dict(program.lasting),
            questions={number: asked for number, asked in self._questions.items() if asked["app_id"] == self._front},
            passing=[message for message in passing if message["app_id"] == self._front],
            broken=page.broken,
        )

    def _take_programs(self, message: Mapping[str, Any]) -> None:
        self._tiles = message["programs"]

    def _take_foreground(self, message: Mapping[str, Any]) -> None:
        self._front = message["app_id"]

    def _take_stack(self, message: Mapping[str, Any]) -> None:
        program = self._programs.get(message["app_id"])
        if program is None or program.replaced or message["snapshot"] or program.version != message["version"]:
            program = self._programs[message["app_id"]] = _Program(message["version"])
        program.stack, program.tab_bar = list(message["pages"]), message["tab_bar"]
        shown = {page["id"] for page in program.stack}
        program.pages = {number: page for number, page in program.pages.items() if number in shown}

    def _take_patch(self, message: Mapping[str, Any]) -> None:
        program = self._programs.get(message["app_id"])
        if program is None or all(page["id"] != message["page"] for page in program.stack):
            return
        page = program.pages.setdefault(message["page"], _Page())
        try:
            page.tree.apply(message["operations"])
        except MirrorError as error:  # the screens say so themselves, and begin anew
            logger.debug("a page of %s cannot be followed: %s", message["app_id"], error)
            page.broken = True
        for operation in message["operations"]:
            match operation:
                case ["call", int(node), "draw", [list(commands), *_]]:
                    for kept in (page.drawn, page.fresh):
                        drawn = kept.setdefault(node, [])
                        drawn += commands
                        del drawn[:-MAX_DRAWN]

    def _take_exited(self, message: Mapping[str, Any]) -> None:
        program = self._programs.get(message["app_id"])
        if program is not None and message["replaced"]:
            program.replaced = True
        else:
            self._programs.pop(message["app_id"], None)

    def _take_ui(self, message: Mapping[str, Any]) -> None:
        name, app_id = message["name"], message["app_id"]
        if not app_id:
            return  # a question of the device itself is not for the operator
        if name in _QUESTIONS:
            self._questions[message["id"]] = message
        elif name in _LASTING and app_id in self._programs:
            self._programs[app_id].lasting[f"{name} {message['arguments'].get('index', '')}"] = message
        elif name in _PASSING and len(self._passing) < _MOST_PASSING:
            self._passing.append(message)

    def _take_ui_done(self, message: Mapping[str, Any]) -> None:
        self._questions.pop(message["id"], None)
