"""What plans of published programs say about data that go to this fleet."""

from collections.abc import Mapping

from sqlalchemy import Connection, func, select

from device_runtime.program.data_plan import FLEET, DataPlan
from firmware_tools.fleet.once import ensure_row
from firmware_tools.fleet.privacy.answers import PlanItemDocument
from firmware_tools.fleet.privacy.schema import decisions, plan_items
from firmware_tools.fleet.schema import releases


def note_plan(connection: Connection, release: int, plan: DataPlan) -> None:
    """Keep the plan of a release; again, nothing changes. One that its author did not write says nothing."""
    for item in plan.items if plan.spoken else ():
        values = {
            "release_id": release,
            "item": item.name,
            "category": item.category,
            "purpose": item.purpose,
            "destination": item.destination,
            "retention_days": item.retention_days,
        }
        ensure_row(connection, plan_items, values)


def retention_days(connection: Connection) -> Mapping[tuple[str, str], int]:
    """For how many days events are kept here, by program and name of the event: the fewest of all published releases,
    since the release that told an event is not known any more."""
    query = (
        select(releases.c.app_id, plan_items.c.item, func.min(plan_items.c.retention_days))
        .join(releases, releases.c.id == plan_items.c.release_id)
        .where(plan_items.c.destination == FLEET)
        .group_by(releases.c.app_id, plan_items.c.item)
    )
    return {(app_id, item): days for app_id, item, days in connection.execute(query)}


def newest_plan(connection: Connection, app_id: str) -> tuple[int, list[PlanItemDocument]] | None:
    """The version of a program's newest release and the items of its plan; None of a program that is not published."""
    query = select(releases.c.id, releases.c.version_code).where(releases.c.app_id == app_id)
    newest = connection.execute(query.order_by(releases.c.version_code.desc()).limit(1)).first()
    if newest is None:
        return None
    newest_first = (decisions.c.time.desc(), decisions.c.number.desc())
    place = func.row_number().over(partition_by=(decisions.c.device, decisions.c.item), order_by=newest_first)
    said = (
        select(decisions.c.item, decisions.c.act, place.label("place")).where(decisions.c.app_id == app_id).subquery()
    )
    counted = select(said.c.item, said.c.act, func.count()).where(said.c.place == 1).group_by(said.c.item, said.c.act)
    counts = {(item, act): count for item, act, count in connection.execute(counted)}
    of_release = select(plan_items).where(plan_items.c.release_id == newest.id).order_by(plan_items.c.item)
    return newest.version_code, [
        {
            "item": row.item,
            "category": row.category,
            "purpose": row.purpose,
            "destination": row.destination,
            "retention_days": row.retention_days,
            "granted": counts.get((row.item, "grant"), 0),
            "refused": counts.get((row.item, "refuse"), 0) + counts.get((row.item, "revoke"), 0),
        }
        for row in connection.execute(of_release)
    ]
