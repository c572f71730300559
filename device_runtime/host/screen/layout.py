"""Questions about layout, which only a screen can answer: where nodes are, and what comes into view.

Numbers are CSS pixels; places are relative to the top left corner of the page's area (without bar and tabs).
"""

import asyncio
import itertools
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, TypeGuard, get_args

from device_runtime.errors import CygnetError
from device_runtime.values import Value

MAX_REQUESTS = 1024
MAX_NAMES = 64
MAX_NAME = 64
MAX_TEXT = 4096
MAX_OBSERVED = 1024
MAX_OBSERVERS = 256
QUERY_SECONDS = 2.0

LayoutField: TypeAlias = Literal["rect", "size", "scrollOffset", "properties", "computedStyle", "textMetrics"]
_BOX = ("left", "top", "right", "bottom", "width", "height")
_NUMBERS = {
    "rect": _BOX,
    "size": ("width", "height"),
    "scrollOffset": ("scrollLeft", "scrollTop", "scrollWidth", "scrollHeight"),
    "textMetrics": (
        "width",
        "actualBoundingBoxLeft",
        "actualBoundingBoxRight",
        "actualBoundingBoxAscent",
        "actualBoundingBoxDescent",
        "fontBoundingBoxAscent",
        "fontBoundingBoxDescent",
    ),
}


class LayoutError(CygnetError):
    """A question about layout, or an answer to one, is malformed."""


@dataclass(frozen=True, slots=True)
class LayoutRequest:
    """What to tell of one node; node 0 is the page's area. ``properties`` and ``computed_style`` are names, ``font``
    and ``text`` what a canvas would draw, each read where ``fields`` holds its field."""

    node: int
    fields: tuple[LayoutField, ...]
    properties: tuple[str, ...] = ()
    computed_style: tuple[str, ...] = ()
    font: str = ""
    text: str = ""

    def __post_init__(self) -> None:
        """Check what may come from a program.

        Raises:
            LayoutError: an unknown field, a negative node, or too many or too long names.
        """
        if self.node < 0:
            raise LayoutError(f"a node is a whole number from 0, not {self.node}")
        unknown = [name for name in self.fields if name not in get_args(LayoutField)]
        if unknown:
            raise LayoutError(f"{unknown[0]!r} is no field; known are {', '.join(get_args(LayoutField))}")
        for names in (self.properties, self.computed_style):
            if len(names) > MAX_NAMES or any(len(name) > MAX_NAME for name in names):
                raise LayoutError(f"at most {MAX_NAMES} names of at most {MAX_NAME} characters may be asked for")
        if max(len(self.font), len(self.text)) > MAX_TEXT:
            raise LayoutError(f"a font and the text that is measured have at most {MAX_TEXT} characters")

    def document(self) -> dict[str, object]:
        """The request as a member of the message ``query``."""
        document: dict[str, object] = {
            "node": self.node,
            "fields": list(self.fields),
            "properties": list(self.properties),
            "computed_style": list(self.computed_style),
        }
        if "textMetrics" in self.fields:
            document |= {"font": self.font, "text": self.text}
        return document


@dataclass(frozen=True, slots=True)
class Observation:
    """What to watch: when any of ``nodes`` crosses one of ``thresholds`` (0 to 1, visible part of itself) inside
    ``reference`` (node 0: the page's area; else a node around them), grown by ``margins`` in pixels."""

    nodes: tuple[int, ...]
    thresholds: tuple[float, ...] = (0.0,)
    initial_ratio: float = 0.0
    reference: int = 0
    margins: Mapping[Literal["left", "top", "right", "bottom"], float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check what may come from a program.

        Raises:
            LayoutError: too many nodes, or a threshold outside of 0 to 1.
        """
        if not 1 <= len(self.nodes) <= MAX_OBSERVED:
            raise LayoutError(f"an observer watches 1 to {MAX_OBSERVED} nodes, not {len(self.nodes)}")
        if not 1 <= len(self.thresholds) <= MAX_NAMES or not all(0 <= ratio <= 1 for ratio in self.thresholds):
            raise LayoutError(f"an observer has 1 to {MAX_NAMES} thresholds from 0 to 1")


@dataclass(frozen=True, slots=True)
class Intersection:
    """An observed node has crossed a threshold. The boxes have the members of a ``rect``; ``time`` is in
    milliseconds since the screen's page was loaded."""

    app_id: str
    page: int
    observer: int
    node: int
    ratio: float
    intersection_rect: dict[str, float]
    bounding_rect: dict[str, float]
    relative_rect: dict[str, float]
    time: float


@dataclass(frozen=True, slots=True)
class Viewport:
    """How large a screen is, in CSS pixels: as a whole, and what of it a page has (``app_id`` is the program whose
    page was measured, empty where none is in front and a page with a bar and no tabs is meant). ``theme`` is what its
    owner prefers."""

    app_id: str
    width: int
    height: int
    screen_width: int
    screen_height: int
    pixel_ratio: float
    theme: Literal["light", "dark"] = "light"

    def system(self) -> dict[str, Value]:
        """The same in WeChat's words, as ``getSystemInfoSync`` has them."""
        area: dict[str, Value] = {"left": 0, "top": 0, "right": self.screen_width, "bottom": self.screen_height}
        return {
            "screenWidth": self.screen_width,
            "screenHeight": self.screen_height,
            "windowWidth": self.width,
            "windowHeight": self.height,
            "pixelRatio": self.pixel_ratio,
            "safeArea": area | {"width": self.screen_width, "height": self.screen_height},
        }


@dataclass(frozen=True, slots=True)
class QueryResult:
    """A screen's answer to a query: a result or None for each request; None as a whole if it has not got the page."""

    id: str
    results: list[dict[str, Value] | None] | None


def finite(value: object) -> TypeGuard[float]:
    """Is this a finite number, and no boolean?"""
    return isinstance(value, int | float) and not isinstance(value, bool) and -math.inf < value < math.inf


def check_box(value: object, members: Sequence[str] = _BOX) -> dict[str, float]:
    """A box of a screen's message.

    Raises:
        LayoutError: it is no object of exactly these numbers.
    """
    if not isinstance(value, dict) or set(value) != set(members) or not all(finite(value[name]) for name in members):
        raise LayoutError(f"a place must hold the numbers {', '.join(members)}")
    return {name: float(value[name]) for name in members}


def check_result(value: object) -> dict[str, Value] | None:
    """One result of a screen's answer.

    Raises:
        LayoutError: it is neither null nor an object with well-formed members.
    """
    if value is None:
        return None
    if not isinstance(value, dict):
        raise LayoutError("a result must be an object or null")
    result: dict[str, Value] = {}
    for name, member in value.items():
        if name in _NUMBERS:
            result[name] = dict(check_box(member, _NUMBERS[name]))
        elif name in ("properties", "computedStyle"):
            if not isinstance(member, dict) or len(member) > MAX_NAMES:
                raise LayoutError(f"{name} must be an object of at most {MAX_NAMES} members")
            if name == "computedStyle" and not all(isinstance(style, str) for style in member.values()):
                raise LayoutError("computedStyle must hold strings")
            result[name] = member
        else:
            raise LayoutError(f"a result may hold {', '.join(get_args(LayoutField))}")
    return result


class Queries:
    """The questions that wait for an answer: the first screen that has the page answers for all."""

    def __init__(self, seconds: float = QUERY_SECONDS) -> None:
        self._seconds = seconds
        self._numbers = itertools.count(1)
        self._waiting: dict[str, tuple[int, set[str], asyncio.Future[list[dict[str, Value] | None] | None]]] = {}

    async def ask(
        self, targets: Collection[str], count: int, send: Callable[[str, str], None]
    ) -> list[dict[str, Value] | None] | None:
        """Ask these screens through ``send(target, id)``; ``count`` results are expected.

        Returns None where there is no screen, none has the page, or none answers in time.
        """
        if not targets:
            return None
        name = f"q{next(self._numbers)}"
        answer: asyncio.Future[list[dict[str, Value] | None] | None] = asyncio.get_running_loop().create_future()
        self._waiting[name] = (count, set(targets), answer)
        try:
            for target in targets:
                send(target, name)
            async with asyncio.timeout(self._seconds):
                return await answer
        except TimeoutError:
            return None
        finally:
            del self._waiting[name]

    def answer(self, target: str, result: QueryResult) -> None:
        """A screen has answered; too late, or to a question that it was not asked, is passed over.

        Raises:
            LayoutError: it answered another number of requests than it was asked.
        """
        count, targets, answer = self._waiting.get(result.id, (0, set[str](), None))
        if answer is None or target not in targets or answer.done():
            return
        if result.results is None:
            self._without(target, targets, answer)
        elif len(result.results) != count:
            raise LayoutError(f"results must hold {count} answers, not {len(result.results)}")
        else:
            answer.set_result(result.results)

    def forget_screen(self, target: str) -> None:
        """A screen has gone: what only it could have answered has no answer."""
        for _, targets, answer in list(self._waiting.values()):
            self._without(target, targets, answer)

    @staticmethod
    def _without(target: str, targets: set[str], answer: asyncio.Future[list[dict[str, Value] | None] | None]) -> None:
        targets.discard(target)
        if not targets and not answer.done():
            answer.set_result(None)


class Arrivals:
    """Patience with screens: a board that has started, or whose browser connects again, has none for a moment.

    Who has waited in vain waits no more until a screen has come: a board without one must not hold up its programs.
    """

    def __init__(self, seconds: float = QUERY_SECONDS) -> None:
        self._seconds = seconds
        self._in_vain = False
        self._arrived = asyncio.Event()

    def arrived(self) -> None:
        """A screen is there."""
        self._in_vain = False
        self._arrived.set()
        self._arrived.clear()

    async def wait(self, is_there: Callable[[], bool]) -> None:
        """Until a screen is there, or patience ends."""
        if self._in_vain:
            return
        try:
            async with asyncio.timeout(self._seconds):
                while not is_there():
                    await self._arrived.wait()
        except TimeoutError:
            self._in_vain = True


@dataclass(slots=True)
class _Watched:
    app_id: str
    page: int
    observation: Observation
    watcher: str = ""
    """The screen that watches: one, so that the program hears of each crossing once."""


class Observers:
    """What programs watch, and which screen does it for them."""

    def __init__(self, send: Callable[[str, Mapping[str, object]], None]) -> None:
        self._send = send
        self._watched: dict[tuple[str, int], _Watched] = {}

    def observe(self, app_id: str, page: int, observer: int, observation: Observation, screens: Sequence[str]) -> None:
        """Watch from the first of these screens; from the next that comes where there is none.

        Raises:
            LayoutError: the program has too many observers.
        """
        if sum(1 for owner, _ in self._watched if owner == app_id) >= MAX_OBSERVERS:
            raise LayoutError(f"a program may have {MAX_OBSERVERS} observers at once; disconnect some first")
        self.unobserve(app_id, observer)
        self._watched[app_id, observer] = entry = _Watched(app_id, page, observation)
        if screens:
            self._charge(observer, entry, screens[0])

    def unobserve(self, app_id: str, observer: int) -> None:
        """Watch no more."""
        entry = self._watched.pop((app_id, observer), None)
        if entry is not None and entry.watcher:
            message = {"type": "unobserve", "app_id": app_id, "page": entry.page, "observer": observer}
            self._send(entry.watcher, message)

    def forget_program(self, app_id: str) -> None:
        """A program has ended."""
        for key in [key for key in self._watched if key[0] == app_id]:
            del self._watched[key]

    def screen_ready(self, app_id: str, target: str) -> None:
        """A screen has the program's stack (perhaps once more): it takes what it watched, and what nobody watches."""
        for (owner, observer), entry in self._watched.items():
            if owner == app_id and entry.watcher in ("", target):
                self._charge(observer, entry, target)

    def pages_changed(self, app_id: str, fresh: Collection[int]) -> None:
        """Pages that the screens show anew (a tab that comes back) are watched again."""
        for (owner, observer), entry in self._watched.items():
            if owner == app_id and entry.page in fresh and entry.watcher:
                self._charge(observer, entry, entry.watcher)

    def forget_screen(self, target: str, others: Mapping[str, Collection[str]]) -> None:
        """A screen has gone; ``others`` are the remaining ones with the programs that each is behind in."""
        for (owner, observer), entry in self._watched.items():
            if entry.watcher == target:
                entry.watcher = ""
                heir = next((other for other, behind in others.items() if owner not in behind), None)
                if heir is not None:
                    self._charge(observer, entry, heir)

    def accepts(self, target: str, report: Intersection) -> bool:
        """Is this report from the screen that was asked to watch, about what it was asked?"""
        entry = self._watched.get((report.app_id, report.observer))
        if entry is None:
            return False
        return entry.watcher == target and entry.page == report.page and report.node in entry.observation.nodes

    def _charge(self, observer: int, entry: _Watched, target: str) -> None:
        entry.watcher = target
        watched = entry.observation
        message = {
            "type": "observe",
            "app_id": entry.app_id,
            "page": entry.page,
            "observer": observer,
            "nodes": list(watched.nodes),
            "thresholds": list(watched.thresholds),
            "initial_ratio": watched.initial_ratio,
            "reference": watched.reference,
            "margins": dict(watched.margins),
        }
        self._send(target, message)
