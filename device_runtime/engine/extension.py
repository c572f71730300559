"""The extension module inside ``jsbox``, without the Python around it.

``import jsbox`` also imports asyncio, ssl and multiprocessing, for functions that nobody here calls. In the zygote they
leave a heap in which what a worker touches lies far apart, and every page touched is a page copied: without them the
private memory of a worker falls from 4.1 to 3.7 MB, and the zygote starts some 20 ms earlier.
"""

import importlib.util
import sys
from importlib.machinery import PathFinder
from typing import Any

_PACKAGE = "jsbox"
_NAME = "jsbox._jsbox"


def load_extension() -> Any:
    """The module ``jsbox._jsbox``, which has no types; a later ``import jsbox`` finds the same one.

    Raises:
        ImportError: jsbox is not installed, or has no such module.
    """
    loaded = sys.modules.get(_NAME)
    if loaded is not None:
        return loaded
    package = importlib.util.find_spec(_PACKAGE)
    spec = package and PathFinder.find_spec(_NAME, package.submodule_search_locations)
    if spec is None or spec.loader is None:
        raise ImportError(f"{_NAME} cannot be found; install Cygnet again, its packages are not complete", name=_NAME)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules[_NAME] = module
    return module
