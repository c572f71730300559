"""Scenes made into the messages of a picture, and these into updates of bounded size.

Messages are those that a screen gets (``docs/architecture.md``, "Screen protocol"), fewer of them, with the style
sheets and small pictures beside them, since who looks from afar can fetch nothing from the device. ``docs/protocol.md``
lists them.
"""

import base64
import json
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from device_runtime.host.screen.connection import encode
from device_runtime.host.screen.http import RESOURCE_TYPES
from device_runtime.host.viewing.masking import MAX_TEXT, is_elsewhere, without_urls
from device_runtime.host.viewing.scene import Scene
from device_runtime.sync.screen_messages import MAX_PICTURE_BYTES, MAX_UPDATE_BYTES, pack_picture
from device_runtime.view.differences import EMPTY, Picture, changes

MAX_IMAGE_BYTES = 40 * 1024
"""A larger picture is a grey box at the operator's."""
MAX_STYLE_CHARACTERS = 512 * 1024
MAX_STYLE_IMAGE_BYTES = 8 * 1024
"""A larger picture or font of a style sheet is left out."""
_PIECE_CHARACTERS = 48 * 1024
_MOST_DEEP = 40
_HEAD_BYTES = 512
_MOST_UNPACKED = 768 * 1024
_MOST_MESSAGES = 2_000
_MOST_PACKED = MAX_UPDATE_BYTES - _HEAD_BYTES
_URL = re.compile(r"""url\(\s*(?:"([^"]*)"|'([^']*)'|([^)"']*))\s*\)""", re.IGNORECASE)
_WINDOW = re.compile(r"[a-zA-Z]{1,64}")

Resource = Callable[[str, int, str], bytes | None]
"""A file of a program's package, by app id, version and path."""


class Packer:
    """Makes messages of scenes. What was sent of style sheets and pictures is not sent again until :meth:`begin`."""

    def __init__(self, resource: Resource, name: str, program_name: Callable[[str], str]) -> None:
        self._resource, self._name, self._program_name = resource, name, program_name
        self._before: Scene | None = None
        self._sent: set[tuple[str, int, str]] = set()

    def begin(self) -> None:
        """Nothing that was sent counts any more."""
        self._before = None
        self._sent.clear()

    def messages(self, scene: Scene, screen: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What makes the picture that was sent last into this scene. ``screen`` is the size of it."""
        before, self._before = self._before, scene
        result: list[dict[str, Any]] = []
        if before is None:
            result.append({"type": "begin", "name": self._name, "screen": dict(screen)})
        if scene.app_id is None:
            if before is None or before.app_id is not None or before.tiles != scene.tiles:
                result.append({"type": "home", "programs": [_tile(tile) for tile in scene.tiles]})
            return result
        same = before is not None and _key(before) == _key(scene) and before.broken == scene.broken
        if not same:
            before = None
        result += self._of_program(before, scene)
        return result

    def _of_program(self, before: Scene | None, scene: Scene) -> Iterator[dict[str, Any]]:
        if before is None:
            yield from self._styles(scene)
        if before is None or (before.page, before.depth, before.tab_bar) != (scene.page, scene.depth, scene.tab_bar):
            yield from self._images(scene, _tab_icons(scene))
            yield self._stack(scene)
        if scene.broken:
            yield {"type": "left_out", "what": "page"}
            return
        yield from self._images(scene, _addresses(scene.picture))
        for operation in changes(EMPTY if before is None else before.picture, scene.picture):
            yield from _patches(scene, operation)
        for node, commands in (scene.drawn if before is None else scene.fresh).items():
            for start in range(0, len(commands), 500):
                yield _patch(scene, ["call", node, "draw", [list(commands[start : start + 500])]])
        lasting = {} if before is None else before.lasting
        for key, message in scene.lasting.items():
            if lasting.get(key) != message:
                yield _ui(message)
        asked = {} if before is None else before.questions
        for number in asked.keys() - scene.questions.keys():
            yield {"type": "ui_done", "id": number}
        for number, message in scene.questions.items():
            if number not in asked:
                yield _ui(message)
        for message in scene.passing:
            yield _ui(message)

    def _stack(self, scene: Scene) -> dict[str, Any]:
        window = {
            name: value
            for name, value in scene.page["window"].items()
            if _WINDOW.fullmatch(name) and isinstance(value, str | bool | int | float) and len(str(value)) <= 500
        }
        return {
            "type": "stack",
            "app_id": scene.app_id,
            "version": scene.version,
            "name": self._program_name(str(scene.app_id)),
            "page": {"id": scene.page["id"], "route": scene.page["route"], "window": window,
                     "styles": list(scene.page["styles"])},
            "depth": scene.depth,
            "tab_bar": scene.tab_bar,
        }  # fmt: skip

    def _styles(self, scene: Scene) -> Iterator[dict[str, Any]]:
        for path in ("app.css", *scene.page["styles"], f"{_route(scene)}.css"):
            if not self._is_new(scene, path):
                continue
            content = self._resource(str(scene.app_id), scene.version, path)
            if content is None:
                continue
            text = self._inlined(scene, path, content.decode("utf-8", "replace"))
            for start in range(0, min(len(text), MAX_STYLE_CHARACTERS), _PIECE_CHARACTERS):
                yield {
                    "type": "style",
                    "path": path,
                    "text": text[start : start + _PIECE_CHARACTERS],
                    "more": start > 0,
                }

    def _inlined(self, scene: Scene, path: str, style: str) -> str:
        """A style sheet that asks for nothing: small files of the package stand in it, others are left out."""

        def inline(match: re.Match[str]) -> str:
            address = next((part for part in match.groups() if part is not None), "").strip()
            if is_elsewhere(address):
                return without_urls(match[0])
            data = self._data(scene, resolve(path, address), MAX_STYLE_IMAGE_BYTES)
            return f'url("{data}")' if data else "none"

        return _URL.sub(inline, style)

    def _images(self, scene: Scene, addresses: Iterator[str]) -> Iterator[dict[str, Any]]:
        for address in addresses:
            path = resolve(_route(scene), address)
            if path and not is_elsewhere(address) and self._is_new(scene, path):
                data = self._data(scene, path, MAX_IMAGE_BYTES)
                if data:
                    yield {"type": "image", "path": path, "data": data}

    def _data(self, scene: Scene, path: str, most: int) -> str:
        """A picture or font of the package as a ``data:`` address; empty where there is none, or it is too large."""
        kind = RESOURCE_TYPES.get(PurePosixPath(path).suffix.lower(), "")
        if not kind.startswith(("image/", "font/")):
            return ""
        content = self._resource(str(scene.app_id), scene.version, path)
        if content is None or len(content) > most:
            return ""
        return f"data:{kind};base64,{base64.b64encode(content).decode()}"

    def _is_new(self, scene: Scene, path: str) -> bool:
        key = (str(scene.app_id), scene.version, path)
        if key in self._sent:
            return False
        self._sent.add(key)
        return True


class Parcels:
    """Messages that wait to go out, taken in updates of at most :data:`MAX_UPDATE_BYTES`."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[dict[str, Any], int]] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, messages: Sequence[dict[str, Any]]) -> None:
        """Add messages, in order. What JSON cannot say of a program's values is said as a screen is told it."""
        for message in messages:
            text = encode(message).encode("utf-8", "replace")
            self._waiting.append((json.loads(text), len(text)))

    def clear(self) -> None:
        """Forget what waits."""
        self._waiting.clear()

    def take(self) -> bytes:
        """The next packed messages: as many as fit. In place of one that fits into none goes a word of that."""
        count, size = 0, 0
        for _, length in self._waiting:
            size += length + 1
            if count and (size > _MOST_UNPACKED or count >= _MOST_MESSAGES):
                break
            count += 1
        while True:
            taken = [self._waiting[index][0] for index in range(count)]
            packed = pack_picture(taken)
            if len(packed) <= _MOST_PACKED and (count > 1 or size <= MAX_PICTURE_BYTES):
                break
            if count == 1:
                packed = pack_picture([{"type": "left_out", "what": str(taken[0]["type"])}])
                break
            count = max(1, min(count - 1, count * _MOST_PACKED // len(packed)))
        for _ in range(count):
            self._waiting.popleft()
        return packed


def resolve(base: str, address: str) -> str:
    """A path inside of the package: absolute from its root, relative from the folder of ``base``; as ``resolvePath`` in
    ``screen/web/style.js``."""
    folder = [] if address.startswith("/") else base.split("/")[:-1]
    for part in re.split(r"[?#]", address, maxsplit=1)[0].split("/"):
        if part == "..":
            del folder[-1:]
        elif part not in ("", "."):
            folder.append(part)
    return "/".join(folder)


def _key(scene: Scene) -> tuple[str | None, int, Any, Any, Any]:
    return scene.app_id, scene.version, scene.page.get("id"), scene.page.get("route"), scene.page.get("styles")


def _route(scene: Scene) -> str:
    return str(scene.page["route"]).lstrip("/").split("?")[0]


def _tile(tile: Mapping[str, Any]) -> dict[str, Any]:
    return {"app_id": tile["app_id"], "name": tile["name"], "stopped": tile["stopped"]}


def _ui(message: Mapping[str, Any]) -> dict[str, Any]:
    arguments = {
        name: value
        for name, value in message["arguments"].items()
        if isinstance(value, str | bool | int | float | list) and name not in {"image", "iconPath", "selectedIconPath"}
    }
    return {"type": "ui", "name": message["name"], "id": message["id"], "arguments": arguments}


def _tab_icons(scene: Scene) -> Iterator[str]:
    for tab in (scene.tab_bar or {}).get("tabs", ()):
        for name in ("icon", "selected_icon"):
            if tab[name]:
                yield f"/{tab[name]}"


def _addresses(picture: Picture) -> Iterator[str]:
    for seen in picture.values():
        for name, value in seen.attributes.items():
            if name in {"src", "poster"} and isinstance(value, str):
                yield value
            elif name == "style" and isinstance(value, str):
                for match in _URL.finditer(value):
                    yield next((part for part in match.groups() if part is not None), "")


def _patch(scene: Scene, operation: list[Any]) -> dict[str, Any]:
    return {"type": "patch", "page": scene.page["id"], "operations": [operation]}


def _patches(scene: Scene, operation: list[Any]) -> Iterator[dict[str, Any]]:
    """An operation as patches, of which none is long or deep: a large node comes first, and then what is in it."""
    waiting = [operation]
    while waiting:
        operation = waiting.pop()
        match operation:
            case ["insert", parent, index, [number, str(tag), attributes, _, children]] if (
                _is_deep(operation) or _length(operation) > _PIECE_CHARACTERS
            ):
                short = {name: value for name, value in attributes.items() if _length(value) <= MAX_TEXT}
                yield _patch(scene, ["insert", parent, index, [number, tag, short, [], []]])
                places = range(len(children) - 1, -1, -1)
                waiting += [["insert", number, place, children[place]] for place in places]
            case ["insert", parent, index, [number, str(text)]]:
                yield _patch(scene, ["insert", parent, index, [number, text[:MAX_TEXT]]])
            case ["text", number, str(text)]:
                yield _patch(scene, ["text", number, text[:MAX_TEXT]])
            case ["set", number, name, value]:
                yield _patch(scene, ["set", number, name, value if _length(value) <= MAX_TEXT else None])
            case _:
                yield _patch(scene, operation)


def _length(value: object) -> int:
    return len(encode({"": value}))


def _is_deep(operation: list[Any]) -> bool:
    """Whether a node is too deep in it for who reads it with care."""
    level: list[Any] = [operation[3]]
    for _ in range(_MOST_DEEP):
        level = [child for node in level if len(node) == 5 for child in node[4]]
        if not level:
            return False
    return True
