"""How the items of a plan stand with what somebody agreed to; in memory only while a program starts."""

import json

try:
    from typing import Any
except ImportError:
    pass

_DESTINATION = 1
_COVERS = 2
_PURPOSE = 3
_BASIS = 4
_DAYS = 5
_PRECISION = 6
_FIELDS = 7


def standings(items: "list[str]", decisions: "dict[str, list[Any]]", is_organisations: bool) -> "dict[str, bool]":
    """Whether items are agreed to or refused, by their names; of what is in neither, nobody has said anything.

    Args:
        items: of the plan, as its lines have them.
        decisions: by names, ``[granted, when, item]``: what was said to the item as it was then.
        is_organisations: the board is an organisation's, which agrees to what its programs declare.
    """
    stand = {}
    for line in items:
        item = json.loads(line)
        name = item[0]
        granted, _, then = decisions.get(name) or (None, 0, None)
        if granted == 0:
            stand[name] = False
        elif is_organisations or (granted and not is_wider(item, then)):  # type: ignore[arg-type]
            stand[name] = True
    return stand


def is_wider(item: "list[Any]", then: "list[Any]") -> bool:
    """Whether a yes to ``then`` is no yes to ``item``."""
    for place in (_PURPOSE, _BASIS, _DESTINATION):
        if item[place] != then[place]:
            return True
    for category in item[_COVERS]:
        if category not in then[_COVERS]:
            return True
    if item[_DAYS] > then[_DAYS] or (then[_PRECISION] == "aggregated" and item[_PRECISION] != "aggregated"):
        return True
    for name, field in item[_FIELDS].items():
        if name not in then[_FIELDS] or _is_finer(field, then[_FIELDS][name]):
            return True
    return False


def _is_finer(field: "list[Any]", then: "list[Any]") -> bool:
    """Whether a field lets more through than it did."""
    kind = field[0]
    if then[0] == "*":
        return False
    if kind != then[0]:
        return not (kind == "i" and then[0] == "n" and not then[4])
    if kind == "c":
        return [word for word in field[2] if word not in then[2]] != []
    if kind in ("i", "n"):
        return (
            (then[2] is not None and (field[2] is None or field[2] < then[2]))
            or (then[3] is not None and (field[3] is None or field[3] > then[3]))
            or (then[4] > 0 and not _is_multiple(field[4], then[4]))
        )
    return len(field) > 2 and field[2] > then[2]


def _is_multiple(step: float, of: float) -> bool:
    return step > 0 and abs(step / of - round(step / of)) < 1e-6
