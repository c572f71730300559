"""A case: a page and its components as source, and what is done to them; the same folder goes to both sides."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conformance.rig import Step

PAGE = "pages/index/index"

# What both sides' scripts note with; the members of an event that both have, in one order.
_SEEN = """
const stable = (value) => JSON.stringify(value, (name, member) => (
  member && typeof member === 'object' && !Array.isArray(member)
    ? Object.fromEntries(Object.entries(member).sort(([one], [other]) => (one < other ? -1 : 1)))
    : member === undefined ? '(undefined)' : member
))
const seen = (...values) => console.log(values.map((value) => (
  typeof value === 'string' ? value : stable(value === undefined ? null : value)
)).join(' '))
const heard = (name, e) => seen(name, e.type,
  'from', e.target.id || '-', e.target.dataset, 'at', e.currentTarget.id || '-', e.currentTarget.dataset, e.detail)
const lives = (name, more = {}) => {
  const lifetimes = {}
  for (const time of ['created', 'attached', 'ready', 'moved', 'detached']) {
    lifetimes[time] = function () {
      seen(name, time)
      if (more[time]) more[time].call(this)
    }
  }
  return lifetimes
}
module.exports = { seen, heard, lives }
"""

_PAGE_SCRIPT = """
const { seen, heard, lives } = require('../../seen')
%s
const options = %s
options.methods = Object.assign({
  __set(e) { this.setData(e.detail) },
  __sync(e) { setTimeout(() => console.log('~' + e.detail), 0) },
}, options.methods)
Component(options)
"""

_DRIVER = '<view id="driver" bindset="__set" bindsync="__sync"/>'

_PART_SCRIPT = """
const { seen, heard, lives } = require('../../seen')
%s
Component(%s)
"""


@dataclass(frozen=True)
class Part:
    """A custom component: template, the object that its script gives to ``Component`` and what stands before that,
    members of its JSON file."""

    markup: str = "<slot/>"
    script: str = "{}"
    using: tuple[str, ...] = ()
    before: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """``parts`` are the components by tag; ``files`` are others (templates, wxs). Where WeChat's rig renders something
    else, ``differs`` names the heading in docs/differences.md that explains it, and ``shows`` and ``notes`` tell what
    is right: the tree and what was noted after a step (by its number; 0 is the first rendering). ``warns`` is in every
    warning that the case may cause."""

    name: str
    page: str
    script: str = "{}"
    parts: Mapping[str, Part] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    before: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    differs: str = ""
    shows: Mapping[int, str] = field(default_factory=dict)
    notes: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    warns: str = ""

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags of custom components."""
        return tuple(self.parts)

    def write(self, folder: Path) -> None:
        """Write the source folder: a whole program that both sides can read."""
        files: dict[str, str] = {
            "app.json": json.dumps({"pages": [PAGE], "window": {}}),
            "app.js": "App({})",
            "project.config.json": json.dumps({"appid": "test.conformance", "projectname": self.name}),
            "seen.js": _SEEN,
            f"{PAGE}.wxml": f"{self.page}\n{_DRIVER}",
            f"{PAGE}.js": _PAGE_SCRIPT % (self.before, self.script),
            f"{PAGE}.json": _facts(self.parts, self.facts),
            **self.files,
        }
        for tag, part in self.parts.items():
            files[f"components/{tag}/{tag}.wxml"] = part.markup
            files[f"components/{tag}/{tag}.js"] = _PART_SCRIPT % (part.before, part.script)
            files[f"components/{tag}/{tag}.json"] = _facts(part.using, part.facts)
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


def _facts(using: Any, facts: Mapping[str, Any]) -> str:
    # Relative, since the rig takes an absolute path for one of the file system when it prepares relations.
    listed = {tag: f"../../components/{tag}/{tag}" for tag in using}
    return json.dumps({"component": True, "usingComponents": listed, **facts})


def event(target: str, kind: str, detail: Any = None) -> Step:
    """An event on the element with an id."""
    return ["event", target, kind, {} if detail is None else detail]


def tap(target: str) -> Step:
    """A finger on the element with an id."""
    return event(target, "tap")


def put(**changes: Any) -> Step:
    """``setData`` of the page; ``__`` in a name stands for a dot."""
    return event("driver", "set", {name.replace("__", "."): value for name, value in changes.items()})


def assign(changes: Mapping[str, Any]) -> Step:
    """``setData`` of the page, with keys as they are."""
    return event("driver", "set", dict(changes))
