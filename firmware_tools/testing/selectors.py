"""Finding nodes on a page: the part of CSS selectors that a test needs.

``tag``, ``#id``, ``.class``, ``[name]``, ``[name=value]``, joined to one compound; compounds below each other by a
space (somewhere inside) or ``>`` (directly inside).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from device_runtime.errors import CygnetError
from device_runtime.view.mirror import MirrorNode

_PART = re.compile(
    r"""(?P<tag>^[a-zA-Z][\w-]*|^\*)
      | \#(?P<id>[\w-]+)
      | \.(?P<class>[\w-]+)
      | \[(?P<name>[\w:-]+)(?:=(?:"(?P<quoted>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>[^\]"']*)))?\]""",
    re.VERBOSE,
)


class SelectorError(CygnetError):
    """A selector cannot be read; the message shows where."""


@dataclass(frozen=True, slots=True)
class _Compound:
    """What one node must be. ``direct`` says that it must lie directly inside the match before it."""

    tag: str
    identifier: str
    classes: frozenset[str]
    attributes: tuple[tuple[str, str | None], ...]
    direct: bool

    def matches(self, node: MirrorNode) -> bool:
        """Whether ``node`` is such a node."""
        attributes = node.attributes
        return (
            bool(node.tag)
            and self.tag in ("*", "", node.tag)
            and (not self.identifier or attributes.get("id") == self.identifier)
            and self.classes <= set(str(attributes.get("class", "")).split())
            and all(
                name in attributes and (value is None or attribute_text(attributes[name]) == value)
                for name, value in self.attributes
            )
        )


def attribute_text(value: object) -> str:
    """An attribute's value as a test writes it: ``true``, ``false``, or its text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def select(root: MirrorNode, selector: str) -> list[MirrorNode]:
    """The nodes below ``root`` that match, in document order.

    Raises:
        SelectorError: the selector cannot be read.
    """
    compounds = _parse(selector)
    return [node for node in _below(root) if _matches(node, compounds, root)]


def _below(root: MirrorNode) -> Iterator[MirrorNode]:
    for child in root.children:
        yield from child.walk()


def _matches(node: MirrorNode, compounds: list[_Compound], root: MirrorNode) -> bool:
    *above, last = compounds
    if not last.matches(node):
        return False
    if not above:
        return not last.direct or node.parent is root
    ancestor = node.parent
    while ancestor is not None and ancestor is not root:
        if _matches(ancestor, above, root):
            return True
        if last.direct:
            return False
        ancestor = ancestor.parent
    return False


def _parse(selector: str) -> list[_Compound]:
    compounds: list[_Compound] = []
    direct = False
    for word in re.findall(r"(?:\[[^\]]*\]|[^\s>])+|>", selector):
        if word == ">":
            direct = True
            continue
        compounds.append(_compound(word, direct, selector))
        direct = False
    if not compounds or direct:
        raise SelectorError(f"the selector {selector!r} names no node; write a tag, .class, #id or [attribute]")
    return compounds


def _compound(word: str, direct: bool, selector: str) -> _Compound:
    tag, identifier, classes, attributes = "", "", set(), []
    at = 0
    while at < len(word):
        match = _PART.match(word[at:]) if at == 0 else _PART.match(word, at)
        if match is None:
            raise SelectorError(f"the selector {selector!r} cannot be read at {word[at:]!r}")
        at += match.end() - match.start()
        tag = match["tag"] or tag
        identifier = match["id"] or identifier
        if match["class"]:
            classes.add(match["class"])
        if match["name"]:
            values = (match["quoted"], match["single"], match["bare"])
            attributes.append((match["name"], next((value for value in values if value is not None), None)))
    return _Compound(tag, identifier, frozenset(classes), tuple(attributes), direct)


def visible_text(node: MirrorNode) -> str:
    """The text that a reader sees: white space made single, and a space between the texts of different elements.

    What has the attribute ``hidden`` is left out.
    """
    if not node.tag:
        return node.text
    if node.attributes.get("hidden") not in (None, False, ""):
        return ""
    parts: list[str] = []
    for child in node.children:
        text = visible_text(child)
        parts.append(f" {text} " if child.tag else text)
    return " ".join("".join(parts).split())
