"""The page stack: WeChat's rules as in ``device_runtime/program/pages.py``, without tabs."""

try:
    from typing import TYPE_CHECKING, Any

    if TYPE_CHECKING:
        from ..view.page import PageView
        from ..view.shapes import Changed, Operation
        from .shapes import Move
except ImportError:
    pass

_MAX_PAGES = 10


class NavigationError(Exception):
    """The step is not possible."""


class PageRecord:
    """One page that exists: its ``instance`` of the program's class, its ``view``, and what waits to be shown."""

    def __init__(self, identity: int, route: str, query: "dict[str, str]") -> None:
        self.id = identity
        self.route = route
        self.query = query
        self.instance: Any = None
        self.view: PageView | None = None
        self.unsent = True
        self.operations: list[Operation] = []
        self.changed: Changed = None
        """The members of the data that were written to and are not shown yet."""


class PageStack:
    """``routes`` are the manifest's pages. Each step returns ``(hidden, unloaded, loaded, shown)``."""

    def __init__(self, routes: "list[str]") -> None:
        self.routes = routes
        self.pages: list[PageRecord] = []
        self._next = 1

    @property
    def top(self) -> "PageRecord | None":
        """The page that is seen."""
        return self.pages[-1] if self.pages else None

    def push(self, url: str, current: str = "") -> "Move":
        """``navigate_to``; raises ``NavigationError``: no such page, or too many are open."""
        record = self._make(url, current)
        if len(self.pages) >= _MAX_PAGES:
            raise NavigationError(f"page stack limit exceeded: {_MAX_PAGES} pages are open")
        hidden = self.top
        self.pages.append(record)
        return hidden, [], record, record

    def redirect(self, url: str, current: str = "") -> "Move":
        """``redirect_to``: in place of the top page; raises ``NavigationError``: no such page."""
        record = self._make(url, current)
        gone = [self.pages.pop()] if self.pages else []
        self.pages.append(record)
        return None, gone, record, record

    def back(self, delta: int = 1) -> "Move":
        """``navigate_back``; a ``delta`` beyond the first page goes to the first page. Raises ``NavigationError``."""
        if len(self.pages) < 2:
            raise NavigationError("cannot navigate back at first page")
        keep = max(1, len(self.pages) - max(1, delta))
        gone = self.pages[keep:]
        gone.reverse()
        del self.pages[keep:]
        return None, gone, None, self.pages[-1]

    def _make(self, url: str, current: str) -> PageRecord:
        route, query = split_url(url, current)
        if not route and not url.strip("/"):
            route = self.routes[0]
        if route not in self.routes:
            raise NavigationError(f'page "{route}" is not found')
        self._next += 1
        return PageRecord(self._next - 1, route, query)


def split_url(url: str, current: str = "") -> "tuple[str, dict[str, str]]":
    """``/pages/a/a?x=1`` as its route and query; without ``/`` in front it is relative to the route ``current``."""
    address, _, text = url.partition("?")
    steps = [] if address[:1] == "/" or not current else current.split("/")[:-1]
    for part in address.split("/"):
        if part == "..":
            steps = steps[:-1]
        elif part not in ("", "."):
            steps.append(part)
    query = {}
    for pair in text.partition("#")[0].split("&"):
        if pair:
            name, _, value = pair.partition("=")
            query[_decode(name)] = _decode(value)
    route = "/".join(steps)
    return (route[:-5] if route.endswith(".html") else route), query


def _decode(text: str) -> str:
    """Percent-decoding, as far as it is UTF-8."""
    if "%" not in text:
        return text
    parts = text.split("%")
    data = parts[0].encode()
    for part in parts[1:]:
        try:
            data += bytes([int(part[:2], 16)]) + part[2:].encode()
        except ValueError:
            data += ("%" + part).encode()
    try:
        return data.decode()
    except UnicodeError:
        return text
