"""One form for the trees of both sides, and a text of it that is easy to compare and to read.

What is compared: tags, texts, ids, class tokens without the prefix of their component, styles and the attributes of
built-in components, with slots resolved. What is not: ``data-*`` (a screen is not sent it; events show it), ``slot``,
and the attributes of a custom component, which are properties.
"""

import json
import re
from collections.abc import Collection
from typing import Any

from device_runtime.view.mirror import MirrorNode

_OF_HOSTS = ("id", "class", "style", "hidden")
_DROPPED = re.compile(r"slot$|data-|mark:|generic:|wx:")
_PREFIX = re.compile(r"^c\d+-")
_HOST = re.compile(r"^c\d+-host$")


def tree_of_screen(root: MirrorNode) -> list[Any]:
    """The tree that the rig prints, of a page as a screen has it. Nodes in the limbo, which no screen shows, are no
    children of ``root``."""
    return [_of_node(child) for child in root.children]


def _of_node(node: MirrorNode) -> Any:
    if not node.tag:
        return node.text
    attributes = dict(node.attributes)
    if tokens := bare_classes(str(attributes.pop("class", ""))):
        attributes["class"] = " ".join(tokens)
    return [node.tag, attributes, [_of_node(child) for child in node.children]]


def bare_classes(text: str) -> list[str]:
    """Class tokens as the sources wrote them: without the prefix of a component, and without a host's own."""
    tokens = dict.fromkeys(_PREFIX.sub("", token) for token in text.split() if not _HOST.match(token))
    return list(tokens)


def in_words(tree: list[Any], hosts: Collection[str], depth: int = 0) -> str:
    """The tree as lines of markup; ``hosts`` are the tags of custom components."""
    lines = []
    for node in _joined(tree):
        if isinstance(node, str):
            lines.append(f"{'  ' * depth}{node}")
            continue
        tag, attributes, children = node
        if attributes.get("id") == "driver":
            continue
        shown = "".join(f" {name}={value}" for name, value in sorted(_shown(attributes, tag in hosts)))
        lines.append(f"{'  ' * depth}<{tag}{shown}>")
        below = in_words(children, hosts, depth + 1)
        lines += [below] if below else []
    return "\n".join(lines)


def _joined(nodes: list[Any]) -> list[Any]:
    """Texts side by side are one text; white space at its ends and in a row does not count."""
    joined: list[Any] = []
    for node in nodes:
        if isinstance(node, str) and joined and isinstance(joined[-1], str):
            joined[-1] += node
        else:
            joined.append(node)
    trimmed = [" ".join(node.split()) if isinstance(node, str) else node for node in joined]
    return [node for node in trimmed if node != ""]


def _shown(attributes: dict[str, Any], host: bool) -> list[tuple[str, str]]:
    shown = []
    for written, value in attributes.items():
        name = re.sub("[A-Z]", lambda letter: f"-{letter[0].lower()}", written)
        if value in (None, "") or _DROPPED.match(name) or (host and name not in _OF_HOSTS):
            continue
        if name == "style":
            value = "; ".join(re.sub(r"\s*:\s*", ": ", part.strip()) for part in str(value).split(";") if part.strip())
        shown.append((name, json.dumps(value, sort_keys=True, ensure_ascii=False)))
    return shown
