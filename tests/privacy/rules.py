"""The rules of what may leave, said once more and as simply as they can be: manifests and answers are plain data here,
and nothing of the code under test is used."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote_plus, urlsplit

Item = Mapping[str, Any]
BITS = 256.0


def is_value(of: Mapping[str, Any], value: object) -> bool:
    """Whether a field may hold a value."""
    match of["type"]:
        case "boolean":
            return value is True or value is False
        case "choice":
            return isinstance(value, str) and value in list(of["of"])
        case "integer":
            return type(value) is int and value in numbers(of)
        case _:
            return isinstance(value, str) and len(value) <= int(of["max"])


def numbers(of: Mapping[str, Any]) -> range:
    return range(of["min"], of["max"] + 1, of["step"])


def is_closed(of: Mapping[str, Any]) -> bool:
    return str(of["type"]) != "text"


def bits(of: Mapping[str, Any]) -> float:
    """What one value tells at least, if all are as likely."""
    count = {"boolean": 2, "choice": len(of.get("of", ())), "integer": len(numbers(of)) if "step" in of else 0}
    return math.log2(count[of["type"]])


def is_wider(item: Item, before: Item) -> bool:
    if any(item[name] != before[name] for name in ("purpose", "destination")):
        return True
    if item["retention_days"] > before["retention_days"] or covers(item) - covers(before):
        return True
    if set(item.get("paths", ())) - set(before.get("paths", ())):
        return True
    return any(
        name not in before["fields"] or _is_finer(of, before["fields"][name]) for name, of in item["fields"].items()
    )


def _is_finer(of: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    if of["type"] != before["type"]:
        return True
    match of["type"]:
        case "choice":
            return bool(set(of["of"]) - set(before["of"]))
        case "integer":
            return bool(set(numbers(of)) - set(numbers(before)))
        case "text":
            return bool(of["max"] > before["max"])
    return False


def covers(item: Item) -> set[str]:
    return {item["category"], *item.get("derived_from", ())}


@dataclass
class Rules:
    """What was said and seen so far."""

    plan: Mapping[str, Item] = field(default_factory=dict)
    profile: str = "owner"
    said: dict[tuple[str, str], tuple[bool, Item]] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    told: float = 0.0

    def decide(self, name: str, granted: bool) -> None:
        self.said[self.profile, name] = (granted, self.plan[name])

    def switch(self, profile: str) -> None:
        self.profile = profile
        self.said = {key: each for key, each in self.said.items() if key[0] != "guest"}

    def _agreed(self, item: Item) -> bool:
        granted, before = self.said.get((self.profile, item["name"]), (False, item))
        return granted and not is_wider(item, before)

    def fault(self, items: list[Item], values: Mapping[str, Any]) -> str:
        """Why values may not leave under items, of which each has some of them; empty if they may."""
        fields = {name: of for item in reversed(items) for name, of in item["fields"].items()}
        if any(name not in fields or not is_value(fields[name], value) for name, value in values.items()):
            return "a value is none of the plan"
        if not all(self._agreed(item) for item in items):
            return "nobody agreed"
        if self.seen - set().union(*map(covers, items)):
            if not all(is_closed(fields[name]) for name in values):
                return "something seen could be told"
            self.told += sum(bits(fields[name]) for name in values)
            if self.told > BITS:
                return "too much is told"
        return ""

    def event_fault(self, name: str, values: Mapping[str, Any]) -> str:
        """Why an event may not leave."""
        item = self.plan.get(name)
        if item is None or item["destination"] != "fleet":
            return "it is no item for the fleet"
        return self.fault([item], values)

    def request_fault(self, url: str, body: bytes | None, header: Mapping[str, str]) -> str:
        """Why the bytes of a request may not leave."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        items = [each for each in self.plan.values() if each["destination"] == origin and parts.path in each["paths"]]
        if not items:
            return "it is no way of the plan"
        if set(header) - {"Host", "User-Agent", "Accept-Encoding", "Content-Type"}:
            return "a header is none of the plan"
        if header.get("Content-Type", "application/json") != "application/json":
            return "a header says more than how to talk"
        values = json.loads(body) if body else {}
        if body and json.dumps(values, ensure_ascii=False).encode() != body:
            return "the body is not in its one form"
        texts = dict(each.split("=") for each in parts.query.split("&")) if parts.query else {}
        fields = {name: of for item in reversed(items) for name, of in item["fields"].items()}
        values |= {name: _said(fields.get(name, {"type": "text"}), text) for name, text in texts.items()}
        used = [item for item in items if set(item["fields"]) & set(values)]
        first = [next(item for item in items if name in item["fields"]) for name in values if name in fields]
        return self.fault([item for item in used if item in first] or items[:1], values)


def _said(of: Mapping[str, Any], text: str) -> object:
    """What a text of a query says, which is in its one form; else something that is no value."""
    known: dict[str, object] = {"true": True, "false": False} if of["type"] == "boolean" else {}
    if of["type"] == "integer":
        known = {str(number): number for number in numbers(of)}
    if of["type"] == "choice":
        known = {quote(each, safe=""): each for each in of["of"]}
    return known.get(text) if is_closed(of) else unquote_plus(text)
