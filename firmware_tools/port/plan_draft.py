"""A data plan to start from, made from what the code sends: the author checks it, and says why."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from device_runtime.program.data_plan import DEVICE, FLEET, MOST_FIELDS, OTHER_DEVICE, Category, Purpose
from device_runtime.program.manifest import Manifest
from firmware_tools.port.facts import MICROPHONE, TO_SERVERS
from firmware_tools.port.outflows import Outflow
from firmware_tools.port.texts import Gap, Guess, Text

_TELEMETRY_DAYS = 90
"""How long a fleet keeps records, where its settings say nothing else."""
_SERVER_DAYS = 365
"""Nobody knows yet how long a server keeps it: a draft does not promise less than may be so."""
_MOST_CALLS = 12
"""So many calls of one server are an item each."""
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_OTHER = re.compile(r"[^A-Za-z0-9_.-]+")
_NOT_IN_PATHS = re.compile(r"[^A-Za-z0-9_.~!$&'()*+,;=:@%-]")
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")
# What the name of a value tells about its kind; the first that is found counts.
_HINTS: Mapping[Category, frozenset[str]] = {
    "location": frozenset(("lat", "lng", "lon", "latitude", "longitude", "location", "position", "gps")),
    "contact": frozenset(("phone", "mobile", "email", "mail", "address", "tel", "telephone")),
    "finance": frozenset(("card", "iban", "payment", "salary", "balance")),
    "health": frozenset(("health", "heart", "pulse", "weight", "blood", "steps")),
    "identifier": frozenset(
        ("uid", "openid", "unionid", "token", "user", "username", "password", "session", "uuid", "imei", "serial")
    ),
    "sensor": frozenset(("temperature", "humidity", "degrees", "light", "sensor", "pressure")),
    "preferences": frozenset(("city", "language", "lang", "locale", "theme", "unit", "units", "setting", "settings")),
    "content": frozenset(("text", "note", "message", "query", "search", "keyword", "title", "comment")),
}  # fmt: skip


@dataclass(slots=True)
class Draft:
    """``items`` as ``data_plan`` of ``cygnet.json`` has them, with reasons that are still to be written; ``remarks``
    are what could not be told from the source."""

    items: list[dict[str, Any]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def draft_plan(outflows: Sequence[Outflow], manifest: Manifest) -> Draft:
    """The draft for a program whose code has these outflows."""
    return _Drafting(outflows, manifest).draft


class _Drafting:
    def __init__(self, outflows: Sequence[Outflow], manifest: Manifest) -> None:
        self.draft = Draft()
        self._outflows = outflows
        self._origins = (*manifest.request_domains, *manifest.socket_domains)
        self._names: set[str] = set()
        self._told = list(self._heard(manifest))
        self._events()
        self._servers()
        self._inside()

    def _heard(self, manifest: Manifest) -> Iterator[Category]:
        """What a program that hears may tell something of, with all that it sends."""
        if any(outflow.kind in MICROPHONE for outflow in self._outflows):
            yield "voice"
        if manifest.voice.intents:
            yield "speech"

    def _events(self) -> None:
        merged: dict[str, list[Outflow]] = {}
        for outflow in self._outflows:
            if outflow.kind != "event":
                continue
            if outflow.name is None:
                self._remark(
                    outflow, "the name of the event is only known when the program runs: name its events yourself"
                )
            elif not _NAME.fullmatch(outflow.name):
                self._remark(outflow, f"the device refuses events with the name {outflow.name!r}")
            else:
                merged.setdefault(outflow.name, []).append(outflow)
        for name, found in merged.items():
            category: Category = "diagnostics" if name in ("monitor", "performance") else "usage"
            self._item(name, category, found, FLEET, "improvement", _TELEMETRY_DAYS)

    def _servers(self) -> None:
        merged: dict[tuple[str, str], list[Outflow]] = {}
        placed: dict[tuple[str, str], dict[str, Guess]] = {}
        for outflow in self._outflows:
            if outflow.kind not in TO_SERVERS:
                continue
            origin, path = outflow.origin or self._only_origin(outflow), outflow.path
            if origin is None:
                self._remark(
                    outflow, "the address is only known when the program runs: name its server and paths yourself"
                )
                continue
            if outflow.origin is None and path and isinstance(path[0], Gap) and len(path) > 1:
                path = path[1:]  # what is added to the address of the one server
            template, fields = _template(path)
            merged.setdefault((origin, template), []).append(outflow)
            placed.setdefault((origin, template), fields)
            if outflow.kind == "socket":
                self._remark(outflow, "what is sent on the socket is not told apart: add its fields yourself")
        for (origin, template), found in merged.items():
            name = self._free(_path_name(template) or found[0].kind)
            item = self._item(name, "usage", found, origin, "service", _SERVER_DAYS, placed[origin, template])
            item["paths"] = [template]
        self._gather()

    def _gather(self) -> None:
        """Put the calls of a server together by their kind of data, where they are more than a person reads through."""
        items = self.draft.items
        counts = Counter(item["destination"] for item in items if "paths" in item)
        gathered: dict[tuple[Any, ...], dict[str, Any]] = {}
        for item in [one for one in items if counts[one["destination"]] > _MOST_CALLS and "paths" in one]:
            key = (item["destination"], item["category"], *item.get("derived_from", ()))
            together = gathered.get(key)
            if together is None or len(together["fields"] | item["fields"]) > MOST_FIELDS:
                gathered[key] = item
                item["name"] = self._free(item["category"])
                self._names.add(item["name"])
                continue
            for name, kind in item["fields"].items():
                known = together["fields"].setdefault(name, kind)
                together["fields"][name] = kind if kind == known else "text"
            together["paths"] += item["paths"]
            items.remove(item)

    def _only_origin(self, outflow: Outflow) -> str | None:
        """The one server that the manifest declares."""
        wanted = [one for one in self._origins if one.startswith("ws") == (outflow.kind == "socket")]
        return wanted[0] if len(wanted) == 1 else None

    def _inside(self) -> None:
        """The microphone and sensors, which stay on the device as long as no other item says so; shared pages."""
        if microphone := [outflow for outflow in self._outflows if outflow.kind in MICROPHONE]:
            self._told = []
            self._item(self._free("microphone"), "voice", microphone, DEVICE, "service", 0)
        for name in dict.fromkeys(one.name or "sensor" for one in self._outflows if one.kind == "sensor"):
            self._told = []
            item = self._item(self._free(_OTHER.sub("_", name)), "sensor", [], DEVICE, "service", 0)
            item["fields"] = {"value": "number"}
        if shared := [outflow for outflow in self._outflows if outflow.kind == "share"]:
            item = self._item(self._free("shared_page"), "content", shared, OTHER_DEVICE, "service", _SERVER_DAYS)
            item["fields"] = {"path": "text", "title": {"type": "text", "max": 80}}

    def _item(
        self,
        name: str,
        category: Category,
        found: Sequence[Outflow],
        destination: str,
        purpose: Purpose,
        days: int,
        placed: Mapping[str, Guess] | None = None,
    ) -> dict[str, Any]:
        self._names.add(name)
        fields = dict(placed or {})
        for outflow in found:
            for key, guess in outflow.fields.items():
                if _NAME.fullmatch(key):
                    fields[key] = fields[key] | guess if key in fields else guess
            if not outflow.whole:
                self._remark(outflow, f"{name} may have more fields than are written out here: add them yourself")
        hinted = list(dict.fromkeys(hint for key in fields if (hint := _hint(key)) is not None))
        if hinted and category == "usage":
            category = hinted[0]
        item: dict[str, Any] = {
            "name": name,
            "category": category,
            "fields": {key: _field(guess) for key, guess in fields.items()},
            "purpose": purpose,
            "reason": "",
            "basis": "consent",
            "retention_days": days,
            "destination": destination,
        }
        if told := [each for each in dict.fromkeys((*hinted, *self._told)) if each != category]:
            item["derived_from"] = told
        self.draft.items.append(item)
        return item

    def _free(self, name: str) -> str:
        """A name that no other item has."""
        candidates = (name, *(f"{name}_{number}" for number in range(2, len(self._names) + 3)))
        return next(one for one in candidates if one not in self._names)

    def _remark(self, outflow: Outflow, sentence: str) -> None:
        self.draft.remarks.append(f"{outflow.place}: {sentence}")


def _hint(key: str) -> Category | None:
    words = {word.lower() for word in _WORDS.findall(key)}
    return next((category for category, known in _HINTS.items() if words & known), None)


def _field(guess: Guess) -> Any:
    match guess.kind:
        case "choice":
            return {"type": "choice", "of": list(guess.words)}
        case "bytes":
            return {"type": "bytes"}
        case _:
            return guess.kind


def _template(path: Text) -> tuple[str, dict[str, Guess]]:
    """A path with gaps as a template, and the fields that stand in it."""
    segments: list[list[str | Gap]] = [[]]
    for piece in path:
        if isinstance(piece, Gap):
            segments[-1].append(piece)
            continue
        first, *others = piece.split("/")
        segments[-1].append(first)
        segments += [[other] for other in others]
    fields: dict[str, Guess] = {}
    written: list[str] = []
    for segment in segments[1:] if "".join(map(str, segments[0])) == "" else segments:
        gaps = [piece for piece in segment if isinstance(piece, Gap)]
        if not gaps:
            written.append(_NOT_IN_PATHS.sub("", "".join(map(str, segment))))
            continue
        name = next((gap.name for gap in gaps if _NAME.fullmatch(gap.name)), f"part_{len(fields) + 1}")
        fields[name] = Guess("text")
        written.append(f"{{{name}}}")
    return f"/{'/'.join(written)}", fields


def _path_name(template: str) -> str:
    """The last words of a path, as a name."""
    words = [word for word in template.split("/") if word and not word.startswith("{")]
    return _OTHER.sub("_", words[-1])[:60].strip("_.-") if words else ""
