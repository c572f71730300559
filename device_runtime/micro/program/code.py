"""The files of a program: its manifest, the classes of its pages, its templates."""

import gc
import json

from ..modules import forget
from . import faults, guard
from .errors import ProgramError, Stopped

try:
    from collections.abc import Callable
    from typing import TYPE_CHECKING, Any

    if TYPE_CHECKING:
        from ..view.template import Template
except ImportError:
    pass


def read_manifest(folder: str) -> "dict[str, Any]":
    """What a board needs of ``manifest.json``.

    Raises:
        ProgramError: it cannot be read.
    """
    try:
        with open(folder + "/manifest.json") as file:
            document = json.load(file)
        ours = document.get("cygnet", {})
        return {
            "app_id": document["app_id"],
            "name": document.get("name", ""),
            "version": document.get("version", {}),
            "pages": [_route(page) for page in document["pages"]],
            "permissions": [entry["name"] for entry in document.get("req_permissions", [])],
            "capabilities": [str(name) for name in ours.get("capabilities", [])],
            "has_plan": ours.get("data_plan") is not None,
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProgramError(f"{folder}/manifest.json cannot be read: {faults.text_of(error)}") from error


def _route(page: str) -> str:
    route = page.strip("/")
    return route[:-5] if route.endswith(".html") else route


class Code:
    """What was loaded of the program in ``folder``. ``report(where, text)`` is told why something could not be;
    ``time()`` gives the milliseconds that a file's own code may take."""

    def __init__(self, folder: str, report: "Callable[[str, str], None]", time: "Callable[[], int]") -> None:
        self._folder = folder
        self._report = report
        self._time = time
        self._templates: dict[str, Template] = {}
        self._classes: dict[str, type] = {}

    @property
    def has_app(self) -> bool:
        """Whether there is an ``app``."""
        return faults.exists(f"{self._folder}/app.mpy") or faults.exists(f"{self._folder}/app.py")

    def forget(self) -> None:
        """Forget all of it."""
        guard.forget(self._folder)
        self._classes.clear()
        self._templates.clear()

    def find(self, name: str, base: type) -> "type | None":
        """The one class with this base in a module of the program; ``None`` if it cannot be had, which is logged."""
        known = self._classes.get(name)
        if known is not None:
            return known
        path = name.replace(".", "/") + ".py"
        try:
            module = guard.load(self._folder, name, self._time())
        except Stopped:
            self._report(path, "the file's own code did not come to an end")
            return None
        except MemoryError:
            self._report(path, "MemoryError: the board has no memory left to load it")
            return None
        except Exception as error:  # noqa: BLE001 - a program's fault is the program's
            self._report(faults.place_of(error) or path, faults.text_of(error))
            return None
        for member in dir(module):
            value = getattr(module, member)
            if isinstance(value, type) and value is not base and issubclass(value, base):
                self._classes[name] = value
                return value
        self._report(path, f"it has no class {base.__name__}: class Index({base.__name__}):")
        return None

    def template(self, route: str) -> "Template":
        """The template of a page.

        Raises:
            TemplateError: it is malformed, or uses what boards do not have.
            OSError: there is none.
        """
        template = self._templates.get(route)
        if template is None:
            from ..view.loader import load_template

            gc.collect()
            try:
                with open(f"{self._folder}/{route}.view") as file:
                    template = self._templates[route] = load_template(file)
            finally:
                # What reads templates is not needed until another page is opened, and larger than most pages.
                del load_template
                for module in forget("loader", "binder", "reader"):
                    module.__dict__.clear()  # a stale word on the stack may still lead to one of them, and so to all
        return template

    def forget_template(self, route: str) -> None:
        """No page of this route is open any more."""
        self._templates.pop(route, None)
