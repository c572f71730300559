"""Which lifecycles the runtime calls, read off the runtime itself: it calls each by its name."""

import re
from functools import cache
from importlib.resources import files

LIFECYCLES = frozenset(("App", "Page", "lifetimes", "pageLifetimes"))
_NAME = re.compile(r"""['"]([a-z][A-Za-z]+)['"]""")
_OF_THE_APP = re.compile(r"""\b(?:app|instance)\.(on[A-Z]\w*)|appLifecycle['"]?[(,]\s*['"](on[A-Z]\w*)""")


def is_called(where: str, name: str) -> bool:
    """Whether the base library or the worker calls a member of that name; ``where`` is one of ``LIFECYCLES``."""
    of_the_app, others = _named()
    return name in (of_the_app if where == "App" else others)


@cache
def _named() -> tuple[frozenset[str], frozenset[str]]:
    texts = [
        path.read_text(encoding="utf-8")
        for folder, suffix in (("engine/base", ".js"), ("program", ".py"))
        for path in files("device_runtime").joinpath(folder).iterdir()
        if path.name.endswith(suffix)
    ]
    app = {found[1] or found[2] for text in texts for found in _OF_THE_APP.finditer(text)}
    # `wx.onThemeChange` and its kin have the names of lifecycles of the app, and of no others.
    return frozenset(app), frozenset(name for text in texts for name in _NAME.findall(text))
