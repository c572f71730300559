"""The page stack and the router: which pages there are, in which order, and what each step does to them.

Behaviour is WeChat's (https://developers.weixin.qq.com/miniprogram/dev/framework/app-service/route.html): at most
10 pages; pages of the tab bar live until ``reLaunch`` and are never opened on top of others.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote

from device_runtime.errors import CygnetError

MAX_PAGES = 10

Transition = Literal["push", "pop", "replace", "tab", "none"]


class NavigationError(CygnetError):
    """The step is not possible; the message is what follows ``<name>:fail ``."""


class PageNotFoundError(NavigationError):
    """The program has no page of this route."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page that exists. ``id`` is unique within the program's run."""

    id: int
    route: str
    query: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Step:
    """What a navigation does, in the order of doing: ``hide``, ``unload``, then ``load``, then ``show``."""

    transition: Transition
    hide: Page | None = None
    unload: tuple[Page, ...] = ()
    load: Page | None = None
    show: Page | None = None


@dataclass(slots=True)
class PageStack:
    """The pages of one run. ``routes`` are the manifest's pages; ``tabs`` those of the tab bar."""

    routes: Sequence[str]
    tabs: Sequence[str] = ()
    pages: list[Page] = field(default_factory=list)
    _kept: dict[str, Page] = field(default_factory=dict)
    _ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    @property
    def top(self) -> Page | None:
        """The page that is seen."""
        return self.pages[-1] if self.pages else None

    def open(self, path: str, current: str = "") -> Step:
        """Open a route for someone outside of the program: its tab, or on top, or in place of a full stack's top."""
        route, _ = self._find(path, current)
        if not self.pages:
            return self.relaunch(path, current)
        if route in self.tabs:
            return self.switch_tab(path.partition("?")[0], current)
        return self.redirect(path, current) if len(self.pages) >= MAX_PAGES else self.push(path, current)

    def push(self, path: str, current: str = "") -> Step:
        """``navigateTo``.

        Raises:
            NavigationError: no such page, a tab page, or ``MAX_PAGES`` are open.
        """
        route, query = self._find(path, current)
        if route in self.tabs:
            raise NavigationError("can not navigateTo a tabbar page")
        if len(self.pages) >= MAX_PAGES:
            raise NavigationError(f"page stack limit exceeded: {MAX_PAGES} pages are open")
        hidden = self.top
        page = self._make(route, query)
        self.pages.append(page)
        return Step("push", hide=hidden, load=page, show=page)

    def redirect(self, path: str, current: str = "") -> Step:
        """``redirectTo``: in place of the top page.

        Raises:
            NavigationError: no such page, or a tab page.
        """
        route, query = self._find(path, current)
        if route in self.tabs:
            raise NavigationError("can not redirectTo a tabbar page")
        gone = self.pages.pop() if self.pages else None
        kept = gone is not None and self._kept.get(gone.route) is gone
        page = self._make(route, query)
        self.pages.append(page)
        if gone is None or kept:
            return Step("replace", hide=gone, load=page, show=page)
        return Step("replace", unload=(gone,), load=page, show=page)

    def relaunch(self, path: str, current: str = "") -> Step:
        """``reLaunch``: close everything, tab pages too, and open one page.

        Raises:
            NavigationError: no such page.
        """
        route, query = self._find(path, current)
        kept = [page for page in self._kept.values() if page not in self.pages]
        gone = (*reversed(self.pages), *kept)
        self.pages.clear()
        self._kept.clear()
        page = self._make(route, query)
        self.pages.append(page)
        return Step("replace", unload=gone, load=page, show=page)

    def switch_tab(self, path: str, current: str = "") -> Step:
        """``switchTab``: close what is not a tab page and show the tab's page, which may have been kept.

        Raises:
            NavigationError: not a tab page, or a query was given.
        """
        route, query = self._find(path, current)
        if route not in self.tabs:
            raise NavigationError("can not switch to no-tabBar page")
        if query:
            raise NavigationError("url of switchTab can not have a query")
        top = self.top
        if top is not None and top.route == route and len(self.pages) == 1:
            return Step("none")
        gone = tuple(page for page in reversed(self.pages) if self._kept.get(page.route) is not page)
        hidden = top if top is not None and top not in gone and top.route != route else None
        known = self._kept.get(route)
        page = known or self._make(route, query)
        self.pages[:] = [page]
        return Step("tab", hide=hidden, unload=gone, load=None if known else page, show=page)

    def back(self, delta: int = 1) -> Step:
        """``navigateBack``; a ``delta`` beyond the first page goes to the first page.

        Raises:
            NavigationError: there is no page to go back to.
        """
        if len(self.pages) < 2:
            raise NavigationError("cannot navigate back at first page")
        keep = max(1, len(self.pages) - delta)
        gone = tuple(reversed(self.pages[keep:]))
        del self.pages[keep:]
        return Step("pop", unload=gone, show=self.pages[-1])

    def _make(self, route: str, query: Mapping[str, str]) -> Page:
        page = Page(next(self._ids), route, query)
        if route in self.tabs:
            self._kept[route] = page
        return page

    def _find(self, path: str, current: str) -> tuple[str, dict[str, str]]:
        route, query = split_path(path, current)
        if not route and not path.strip("/"):
            route = self.routes[0]
        if route not in self.routes:
            raise PageNotFoundError(f'page "{route}" is not found')
        return route, query


def split_path(path: str, current: str = "") -> tuple[str, dict[str, str]]:
    """``/pages/a/a?x=1`` as its route and query. A path without ``/`` in front is relative to the route ``current``;
    without one, to the root. Names and values are percent-decoded."""
    address, _, text = path.partition("?")
    steps = [] if address.startswith("/") or not current else current.split("/")[:-1]
    for part in address.split("/"):
        if part == "..":
            del steps[-1:]
        elif part not in ("", "."):
            steps.append(part)
    query = {}
    for pair in text.partition("#")[0].split("&"):
        if pair:
            name, _, value = pair.partition("=")
            query[_decode(name)] = _decode(value)
    route = "/".join(steps)
    return route.removesuffix(".html"), query


def _decode(text: str) -> str:
    """Percent-decoding that leaves alone what is no UTF-8, and lets no lone surrogate through."""
    return unquote(text, errors="replace").encode(errors="replace").decode()
