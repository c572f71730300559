"""The files of a program as modules: which file a ``require`` means, and the code of each, ready for the engine."""

import json
import re
from collections.abc import Mapping, Sequence
from functools import partial

from device_runtime.engine.edits import Edit, EditedText, apply_edits
from device_runtime.engine.es_modules import read_source
from device_runtime.engine.lines import LineSpace
from device_runtime.engine.resolution import Resolver
from device_runtime.values import Value

_NPM = "miniprogram_npm"
# The members of RegExp that base/matches.js keeps only for programs that name them.
_MATCHES = re.compile(r"RegExp\.(?:\$|lastMatch|lastParen|leftContext|rightContext|input)|RegExp\[")
# Npm packages choose their files by it, and mini-programs have no `process`. No column moves: the words are as long.
_NODE_ENV = re.compile(r"(?<![\w$.])process(?=\.env\.NODE_ENV\b)")


class ModuleFiles:
    """The ``.js`` and ``.json`` files of one program.

    ``names`` of files are their paths in the package, without a leading slash. ``aliases`` are those of
    ``resolveAlias``. ``subpackages`` are the folders whose code waits until they are loaded.
    """

    def __init__(
        self,
        files: Mapping[str, bytes],
        lines: LineSpace,
        aliases: Mapping[str, str] | None = None,
        subpackages: Sequence[str] = (),
    ) -> None:
        self._files = files
        self._lines = lines
        self._resolver = Resolver(files, aliases or {})
        self._newlines: dict[str, int] = {}
        self._waiting = {root.strip("/") + "/" for root in subpackages}

    def resolve(self, importer: str, request: str, load: bool = False) -> str | list[Value] | None:
        """The file that ``request`` means inside ``importer``, or None.

        With ``load`` its subpackage counts as loaded from now on. Without, a file of one that is not loaded is
        answered as a list: the file and the subpackage's folder. The runtime itself, whose ``importer`` is empty,
        loads what it opens.
        """
        name = self._resolver.resolve(importer, request)
        root = name and next((root for root in self._waiting if name.startswith(root)), None)
        if not name or root is None:
            return name
        if load or not importer:
            self._waiting.discard(root)
        elif not importer.startswith(root):
            return [name, root.rstrip("/")]
        return name

    def load_subpackage(self, root: str) -> bool:
        """Let the code of a subpackage be required from everywhere; whether it was waiting."""
        known = root.strip("/") + "/"
        waited = known in self._waiting
        self._waiting.discard(known)
        return waited

    def text(self, name: str) -> str:
        """The source of a file, every line ended by a line feed. A lone carriage return ends a line in JavaScript, too,
        but the engine counts it as one in some places only."""
        text = self._files[name].decode("utf-8-sig", errors="replace")
        return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text

    def module(self, name: str) -> dict[str, Value]:
        """What ``base/modules.js`` needs to run the file ``name``."""
        text = self.text(name)
        if _NPM in name.split("/"):
            text = _NODE_ENV.sub("$cygnet", text)
        if name.endswith(".json"):
            return {"kind": "json", "text": text, "mutable": []}
        if text.startswith("#!"):
            text = "//" + text[2:]
        matches = _MATCHES.search(text) is not None
        read = read_source(text)
        newlines = self._place(name, text, read.edits)
        body = apply_edits(text, read.edits)
        if not read.found:
            opening = "\n" * (newlines - 1) + "(function (exports, require, module, $cygnet_f, $cygnet) {\n"
            return {"kind": "script", "code": f"{opening}{body}\n}})", "matches": matches, "mutable": []}
        return {
            "kind": "module",
            "matches": matches,
            "body": body,
            "newlines": newlines,
            "requests": list(read.requests),
            "imports": [list(item) for item in read.imports],
            "reexports": [list(item) for item in read.reexports],
            "stars": list(read.stars),
            "getters": ", ".join(f"[{json.dumps(name)}]: () => {local}" for name, local in read.getters),
            "hasDefault": read.has_default,
            "mutable": list(read.mutable),
        }

    def _place(self, name: str, text: str, edits: list[Edit]) -> int:
        newlines = self._newlines.get(name)
        if newlines is None:
            moved = EditedText(partial(self.text, name), edits) if edits or not text.isascii() else None
            newlines = self._newlines[name] = self._lines.place(name, text, text=moved)
        return newlines
