"""Custom components: which tag of a page or component stands for which component, and which are reached.

``usingComponents`` of ``app.json`` hold everywhere, those of a page's or component's own ``.json`` come before them.
``usingSwanComponents`` are Baidu's own dynamic libraries.
Paths are resolved as WeChat does: ``/a/b`` from the root, ``./a`` and ``a/b`` from the file's folder, and else from
the nearest ``miniprogram_npm`` folder upwards.
Source: https://developers.weixin.qq.com/miniprogram/en/dev/framework/custom-component/
"""

import difflib
import json
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from firmware_tools.build.dialects import WECHAT, Dialect, SourceError
from firmware_tools.build.npm import BUILT, NpmPackages
from firmware_tools.build.source import SourceText
from firmware_tools.build.source_files import SourceFiles
from firmware_tools.build.templates import UsedComponent

_ELSEWHERE = ("plugin://", "plugin-private://", "dynamicLib://", "ext://")


@dataclass(slots=True)
class ComponentTable:
    """The tags of one page or component. ``missing`` are those whose component is not there: tag -> sentence."""

    tags: dict[str, UsedComponent] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


class Components:
    """Resolves the components of a program. What is likely a slip is appended to ``warnings``."""

    def __init__(
        self,
        files: SourceFiles,
        dialect: Dialect,
        app: Mapping[str, Any],
        npm: NpmPackages,
        warnings: list[str],
    ) -> None:
        self._files = files
        self._npm = npm
        self._dialect = dialect
        self._warnings = warnings
        self._aliases = _aliases(app)
        self._extended = bool(app.get("useExtendedLib"))
        self._documents: dict[str, tuple[dict[str, Any], SourceText]] = {}
        app_text = (files.root / "app.json").read_text(encoding="utf-8-sig")
        self._app = self._read_table(dict(app), SourceText("app.json", app_text))

    def table(self, path: str) -> ComponentTable:
        """The tags of the page or component at ``path`` (without suffix).

        Raises:
            SourceError: its ``.json`` is faulty.
        """
        own = self._read_table(*self._document(path))
        missing = {tag: told for tag, told in self._app.missing.items() if tag not in own.tags}
        return ComponentTable({**self._app.tags, **own.tags}, {**missing, **own.missing})

    def options(self, path: str) -> dict[str, Any]:
        """The JSON object of a page or component; empty where there is no file.

        Raises:
            SourceError: the file is faulty.
        """
        return self._document(path)[0]

    def exists(self, path: str) -> bool:
        """Whether there is a component at ``path``: a template, with or without a script."""
        return self.dialect(path) is not None

    def dialect(self, path: str) -> Dialect | None:
        """The dialect of the component at ``path``, or ``None`` where there is none. A SWAN program may use those of
        WeChat, whose packages on npm Baidu's tool converts."""
        found = (one for one in (self._dialect, WECHAT) if f"{path}{one.template}" in self._files)
        return next(found, None)

    def resolve(self, owner: str, target: str) -> str | None:
        """The path of the component that ``target`` means in the JSON file ``owner``, or ``None``."""
        folder = posixpath.dirname(owner)
        for base in self._bases(folder, self._unaliased(target)):
            path = posixpath.normpath("/" + base).lstrip("/")
            for candidate in (path, f"{path}/index", posixpath.splitext(path)[0]):
                if self.exists(candidate):
                    return candidate
        return None

    def _bases(self, folder: str, target: str) -> Iterator[str]:
        if target.startswith("/"):
            yield target
            return
        yield posixpath.join(folder, target)
        if target.startswith("."):
            return
        at = folder
        while at:
            yield posixpath.join(at, BUILT, target)
            at = posixpath.dirname(at)
        yield posixpath.join(BUILT, target)
        yield target

    def _unaliased(self, target: str) -> str:
        for alias, path in self._aliases.items():
            if alias.endswith("*") and target.startswith(alias[:-1]):
                return "/" + path.removesuffix("*").strip("/") + "/" + target[len(alias) - 1 :]
            if alias == target:
                return "/" + path.lstrip("/")
        return target

    def _document(self, path: str) -> tuple[dict[str, Any], SourceText]:
        name = f"{path}.json"
        if name not in self._documents:
            source = SourceText(name, self._files.read(name) or "{}")
            self._documents[name] = _json_object(source), source
        return self._documents[name]

    def _read_table(self, document: dict[str, Any], source: SourceText) -> ComponentTable:
        table = ComponentTable()
        placeholders = self._strings(document, "componentPlaceholder", source)
        used = {
            tag: (target, member)
            for member in ("usingSwanComponents", "usingComponents")
            for tag, target in self._strings(document, member, source).items()
        }
        for tag, (target, member) in used.items():
            where = source.where(_offset_of(source.text, tag, member))
            placeholder = placeholders.get(tag)
            if target.startswith(_ELSEWHERE):
                table.tags[tag] = UsedComponent(None, None, placeholder)
                stands = f"<{placeholder}> stands in for it" if placeholder else "an empty box stands in for it"
                self._warnings.append(f"{where}: <{tag}> is {target}, which is not in the program; {stands}")
            elif (path := self.resolve(source.path, target)) is not None:
                table.tags[tag] = UsedComponent(path, None, placeholder)
            else:
                table.tags[tag] = UsedComponent(None, None, placeholder)
                table.missing[tag] = f"{where}: there is no component {target} for <{tag}>{self._hint(target)}"
        for name, default in self._generics(document, source):
            path = None
            if default is not None and (path := self.resolve(source.path, default)) is None:
                where = source.where(_offset_of(source.text, name, "componentGenerics"))
                self._warnings.append(f"{where}: there is no component {default}, the default of {name!r}")
            table.tags[name] = UsedComponent(path, name)
        return table

    def _strings(self, document: Mapping[str, Any], member: str, source: SourceText) -> dict[str, str]:
        entries = document.get(member)
        if entries is None:
            return {}
        offset = _offset_of(source.text, member)
        if not isinstance(entries, dict):
            raise source.error(offset, f"{member} must be a JSON object that maps tags to paths")
        found: dict[str, str] = {}
        for name, value in entries.items():
            if isinstance(value, str) and value.strip():
                found[name] = value.strip()
            else:
                where = source.where(_offset_of(source.text, name, member))
                self._warnings.append(f"{where}: {name!r} of {member} must be a path, ignored")
        return found

    def _generics(self, document: Mapping[str, Any], source: SourceText) -> Iterator[tuple[str, str | None]]:
        entries = document.get("componentGenerics")
        if entries is not None and not isinstance(entries, dict):
            raise source.error(_offset_of(source.text, "componentGenerics"), "componentGenerics must be a JSON object")
        for name, value in (entries or {}).items():
            match value:
                case {"default": str(default)}:
                    yield name, default
                case False | None:
                    continue
                case _:
                    yield name, None

    def _hint(self, target: str) -> str:
        """What to do about a missing component: install it, or take the one whose path is most like ``target``."""
        if install := self._npm.hint(target):
            return install
        if self._extended and target.startswith("weui-miniprogram/") and "weui-miniprogram" not in self._npm.names:
            return "; WeChat's own copy (useExtendedLib) is not here: run npm install weui-miniprogram"
        suffix = self._dialect.template
        known = [name.removesuffix(suffix) for name in self._files if name.endswith(suffix)]
        wanted = target.strip("./")
        last = "/".join(wanted.split("/")[-2:])
        near = [name for name in sorted(known) if name.endswith(f"/{last}") or name == last][:1]
        near = near or difflib.get_close_matches(wanted, known, 1, 0.75)
        return f"; did you mean '/{near[0]}'?" if near else ""


def _aliases(app: Mapping[str, Any]) -> dict[str, str]:
    """``resolveAlias`` of ``app.json``."""
    aliases = app.get("resolveAlias")
    if not isinstance(aliases, Mapping):
        return {}
    return {name: path for name, path in aliases.items() if isinstance(name, str) and isinstance(path, str)}


def _json_object(source: SourceText) -> dict[str, Any]:
    try:
        document = json.loads(source.text)
    except json.JSONDecodeError as error:
        raise source.error(error.pos, f"not JSON: {error.msg}") from error
    except RecursionError as error:
        raise SourceError(f"{source.path}:1: not JSON: nested too deeply") from error
    if not isinstance(document, dict):
        raise source.error(0, "must hold one JSON object")
    return document


def _offset_of(text: str, name: str, within: str = "") -> int:
    """Where a member of a JSON text is, for messages: after the member ``within`` if there is one."""
    start = max(text.find(json.dumps(within)), 0) if within else 0
    for quoted in (json.dumps(name, ensure_ascii=False), json.dumps(name)):
        offset = text.find(quoted, start)
        if offset >= 0:
            return offset
    return start
