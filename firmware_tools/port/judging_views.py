"""Templates judged by what the screen draws: components, their attributes and events, pictures of a network."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from device_runtime.program.apis import ApiTable
from firmware_tools.port.findings import Finding, Place, Severity
from firmware_tools.port.members import MemberTable
from firmware_tools.port.places import Places
from firmware_tools.port.program import FOREIGN_SCHEMES, Program, UsedComponent
from firmware_tools.port.templates import STRUCTURE, TagUse

# Tags of HTML, which neither dialect has: the dialects' own tools draw them as plain elements, too.
_HTML = frozenset(
    ("a", "article", "aside", "b", "br", "div", "em", "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header",
     "hr", "i", "img", "li", "main", "nav", "ol", "p", "pre", "s", "section", "small", "span", "strong", "sub", "sup",
     "table", "tbody", "td", "th", "thead", "tr", "u", "ul")
)  # fmt: skip
_SHARING = frozenset(("share", "shareTimeline", "feedback"))
# Companions of what `open-type` opens, and what a screen does by itself.
_NOT_MISSED = frozenset(
    ("app-parameter", "session-from", "send-message-title", "send-message-path", "send-message-img",
     "show-message-card", "webp", "show-menu-by-longpress", "cursor-spacing", "lang")
)  # fmt: skip


@dataclass(slots=True)
class _Group:
    """What will be one finding."""

    severity: Severity
    message: str
    instead: str
    places: list[Place] = field(default_factory=list)


class ViewJudge:
    """Judges every template of a program."""

    def __init__(self, program: Program, table: ApiTable, members: MemberTable, places: Places) -> None:
        self._program = program
        self._table = table
        self._members = members
        self._places = places
        self._groups: dict[tuple[str, str], _Group] = {}
        self._known = self._components()

    def findings(self) -> list[Finding]:
        """What is missing of them."""
        for name, facts in self._program.templates.items():
            for use in facts.uses:
                self._judge(name, use)
        self._unresolved()
        return [
            Finding(kind, name, group.severity, group.message, group.instead, tuple(group.places))
            for (kind, name), group in self._groups.items()
        ]

    def _components(self) -> dict[str, set[str]]:
        """The tags of custom components that each template may use, by the units that it belongs to."""
        everywhere = {used.tag for used in self._program.units["app"].components}
        known: dict[str, set[str]] = defaultdict(lambda: set(everywhere))
        for unit in self._program.units.values():
            own = {used.tag.removesuffix(" (generic)") for used in unit.components}
            configuration = self._program.configuration(f"{unit.path}.json")
            generics = configuration.get("componentGenerics")
            own |= set(generics) if isinstance(generics, dict) else set()
            for file in unit.files:
                known[file] |= own
        return known

    def _judge(self, name: str, use: TagUse) -> None:
        custom = use.tag in self._known[name]
        lacks = self._table.components.get(use.tag)
        if not use.attribute:
            if custom or use.tag in STRUCTURE or use.tag in self._program.dialect.code_tags:
                return
            if lacks is None:
                self._not_drawn(name, use)
        elif custom and use.attribute == "open-type":
            # A button of a component library; what it passes on means what it means there.
            self._attribute(name, use, self._table.components.get("button", ()))
        elif lacks and not custom:
            self._attribute(name, use, lacks)

    def _attribute(self, name: str, use: TagUse, lacks: tuple[str, ...]) -> None:
        of_library = "miniprogram_npm" in name.split("/")
        place = self._places.at(name, use.offset)
        if use.attribute == "open-type" and "{{" in use.value:
            self._add(
                "attribute", f'<{use.tag} open-type="{{{{…}}}}">',
                Severity.HARMLESS if of_library else Severity.UNCLEAR,
                "what opens is only known when the program runs, and not every value means something here",
                "ask `canIUse('button.open-type.…')` of each value", place,
            )  # fmt: skip
        elif use.attribute == "open-type" and (use.value in lacks or "open-type" in lacks):
            self._add(
                "attribute", f'<{use.tag} open-type="{use.value}">',
                Severity.HARMLESS if use.value in _SHARING else Severity.DEGRADED,
                "what WeChat or Baidu opens at this button is not on a board; the button itself works",
                "`bindtap` with a handler of your own", place,
            )  # fmt: skip
        elif use.attribute in lacks and use.event:
            self._add(
                "event", f"<{use.tag}> {use.attribute}", Severity.HARMLESS if of_library else Severity.DEGRADED,
                f"the event `{use.attribute}` of `{use.tag}` never comes", "", place,
            )  # fmt: skip
        elif use.attribute in lacks:
            self._add(
                "attribute", f"<{use.tag} {use.attribute}>",
                Severity.HARMLESS if use.attribute in _NOT_MISSED else Severity.DEGRADED,
                f"`{use.attribute}` of `{use.tag}` has no effect", "", place,
            )  # fmt: skip

    def _not_drawn(self, name: str, use: TagUse) -> None:
        tag = "xr-…" if use.tag.startswith("xr-") else use.tag  # a family of a hundred
        if tag in self._members.tags:
            self._add(
                "component", f"<{tag}>", Severity.BREAKS, "this component is not drawn on a board",
                self._members.tags[tag], self._places.at(name, use.offset),
            )  # fmt: skip
        elif use.tag in _HTML:
            self._add(
                "component", f"<{use.tag}>", Severity.DEGRADED,
                "a tag of HTML, which no dialect has: it is drawn as a plain block",
                "`text` in a line, `image` for a picture, `view` for all else", self._places.at(name, use.offset),
            )  # fmt: skip
        else:
            self._add(
                "component", f"<{use.tag}>", Severity.DEGRADED,
                "no component has this name, and no `usingComponents` declares it: it is drawn as a plain block",
                "name it in `usingComponents`", self._places.at(name, use.offset),
            )  # fmt: skip

    def _unresolved(self) -> None:
        for unit in self._program.units.values():
            for used in unit.components:
                if used.path is None:
                    self._component_missing(used)

    def _component_missing(self, used: UsedComponent) -> None:
        text = self._program.files.read(used.file) or ""
        place = self._places.at(used.file, max(text.find(f'"{used.tag.removesuffix(" (generic)")}"'), 0))
        if used.target.startswith(FOREIGN_SCHEMES):
            self._add(
                "plugin", used.target, Severity.BREAKS,
                "the code of plugins and dynamic libraries is on the servers of WeChat or Baidu alone",
                "a component of your own, or an npm package", place,
            )  # fmt: skip
            return
        self._add(
            "component", used.target, Severity.BREAKS,
            "`usingComponents` names a component that is not in the program",
            "for one of npm: `npm install` in the program's folder, so that node_modules holds it", place,
        )  # fmt: skip

    def _add(self, kind: str, name: str, severity: Severity, message: str, instead: str, place: Place) -> None:
        group = self._groups.setdefault((kind, name), _Group(severity, message, instead))
        group.places.append(place)


def definition_findings(program: Program, members: MemberTable, places: Places) -> Iterator[Finding]:
    """Members of ``App``, ``Page`` and ``Component`` that this host never calls."""
    found: dict[tuple[str, str], list[Place]] = defaultdict(list)
    for file, facts in program.scripts.items():
        for definition in facts.definitions:
            for group, name, offset in definition.members:
                where = group or ("Page" if definition.kind in ("Component", "Behavior") else definition.kind)
                found[where, name].append(places.at(file, offset))
    for (where, name), at in found.items():
        member = members.find(where, name)
        if member is not None and member.verdict != "used":
            title = f"{where}.{name}" if where != "Page" else name
            yield Finding("lifecycle", title, Severity(member.verdict), member.note, member.instead, tuple(at))
