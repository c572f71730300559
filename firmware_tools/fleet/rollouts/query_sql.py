"""The condition of a query over the rows of ``devices``, the same for SQLite and PostgreSQL."""

import operator
from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, not_, or_, true

from firmware_tools.fleet.rollouts.query import Both, Either, Equals, Everything, Has, Matches, Not, Query
from firmware_tools.fleet.rollouts.schema import device_tags
from firmware_tools.fleet.schema import devices

_ORDERS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_HERE = ("installed", "running", "built-in")


def condition(query: Query) -> ColumnElement[bool]:
    """What holds of a row of ``devices`` that the query takes. It is never NULL."""
    match query:
        case Everything():
            return true()
        case Equals("tag", values):
            return exists().where(device_tags.c.device == devices.c.id, device_tags.c.tag.in_(values))
        case Equals(fact, values):
            return devices.c[fact].in_(values)
        case Matches("tag", pattern):
            return exists().where(device_tags.c.device == devices.c.id, _like(device_tags.c.tag, pattern))
        case Matches(fact, pattern):
            return _like(devices.c[fact], pattern)
        case Has():
            return _has(query)
        case Not(inner):
            return not_(condition(inner))
        case Both(parts):
            return and_(*map(condition, parts))
        case Either(parts):
            return or_(*map(condition, parts))


def _like(column: ColumnElement[str], pattern: str) -> ColumnElement[bool]:
    # LIKE knows no case in SQLite and knows it in PostgreSQL.
    escaped = pattern.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return func.lower(column).like(escaped.replace("*", "%").replace("?", "_").lower(), escape="\\")


def _has(query: Has) -> ColumnElement[bool]:
    member = "programs" if query.holding == "program" else "models"
    phase = devices.c.reported[(member, query.name, "phase")].as_string()
    here = func.coalesce(phase, "").in_(_HERE)
    if query.order is None:
        return here
    # As a float: a hostile device may report a number that no INTEGER of PostgreSQL holds.
    code = devices.c.reported[(member, query.name, "version_code")].as_float()
    return and_(here, _ORDERS[query.order](func.coalesce(code, 0.0), float(query.code)))
