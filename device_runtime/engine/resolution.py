"""Which file of a program a ``require`` means.

As WeChat finds it: ``./a`` and ``../a`` from the file that asks, ``/a`` from the root, and a bare ``a/b`` as an npm
package in the nearest ``miniprogram_npm`` folder upwards
(https://developers.weixin.qq.com/miniprogram/dev/devtools/npm.html), else as a path from the file or from the root.
An npm package's file is the ``main`` of its ``package.json``, else ``index.js``. ``resolveAlias`` of ``app.json``
(https://developers.weixin.qq.com/miniprogram/dev/reference/configuration/app.html#resolveAlias) comes first.
"""

import json
import posixpath
from collections.abc import Iterator, Mapping

SOURCE_SUFFIXES = (".js", ".json", ".cjs", ".mjs")
"""What the names of files that can be required end in. The last two must be written out, as npm packages do."""

_SUFFIXES = ("", ".js", ".json", "/index.js", "/index.json")
_NPM = "miniprogram_npm"


class Resolver:
    """Finds files among ``files``. ``aliases`` maps ``name`` to a path and ``prefix/*`` to a ``folder/*``."""

    def __init__(self, files: Mapping[str, bytes], aliases: Mapping[str, str]) -> None:
        self._files = files
        self._aliases = aliases
        self._mains: dict[str, str] = {}

    def resolve(self, importer: str, request: str) -> str | None:
        """The file that ``request`` means inside the file ``importer``, or None. An empty ``importer`` is the root."""
        for base, package in self._bases(posixpath.dirname(importer), self._unaliased(request)):
            path = posixpath.normpath("/" + base).lstrip("/")
            found = self._file(path) or (self._main(path) if package else None)
            if found is not None:
                return found
        return None

    def _bases(self, folder: str, request: str) -> Iterator[tuple[str, bool]]:
        """Paths to try, each with whether it may be an npm package."""
        if request.startswith("/"):
            yield request, True
        elif request.startswith("."):
            yield posixpath.join(folder, request), True
        elif request:
            at = folder
            while at:
                yield posixpath.join(at, _NPM, request), True
                at = posixpath.dirname(at)
            yield posixpath.join(_NPM, request), True
            yield posixpath.join(folder, request), False
            yield request, False

    def _unaliased(self, request: str) -> str:
        for alias, target in self._aliases.items():
            if alias.endswith("*") and request.startswith(alias[:-1]):
                return "/" + target.removesuffix("*").strip("/") + "/" + request[len(alias) - 1 :]
            if alias == request:
                return "/" + target.lstrip("/")
        return request

    def _file(self, path: str) -> str | None:
        for suffix in _SUFFIXES:
            name = path + suffix
            if name in self._files and name.endswith(SOURCE_SUFFIXES):
                # package.json comes before index.js in a package, but a folder without one needs no look at it.
                if suffix.startswith("/") and f"{path}/package.json" in self._files:
                    return self._main(path) or name
                return name
        return None

    def _main(self, path: str) -> str | None:
        """The main file of the package in the folder ``path``."""
        known = self._mains.get(path)
        if known is None:
            known = self._mains[path] = self._read_main(path)
        return known or None

    def _read_main(self, path: str) -> str:
        data = self._files.get(f"{path}/package.json")
        try:
            document = json.loads(data) if data is not None else None
        except (ValueError, RecursionError):
            document = None  # a package whose package.json is damaged still has its index.js
        main = document.get("main") if isinstance(document, dict) else None
        if not isinstance(main, str):
            return ""
        target = posixpath.normpath(posixpath.join(path, main))
        if not target.startswith(f"{path}/"):
            return ""
        for suffix in _SUFFIXES:
            if target + suffix in self._files and (target + suffix).endswith(SOURCE_SUFFIXES):
                return target + suffix
        return ""
