"""``cygnet fleet overview``, ``search`` and ``show``: what the operator page shows first, for terminals and scripts."""

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import click

from firmware_tools.cli.fleet_tables import print_devices
from firmware_tools.cli.fleet_target import Target, json_option, pass_target
from firmware_tools.cli.fleet_traffic import traffic_lines
from firmware_tools.fleet.browsing import CONDITIONS
from firmware_tools.fleet.client import segment

_MOST = 200


@click.command()
@json_option
@pass_target
def overview(target: Target, as_json: bool) -> None:
    """Count devices by connection and by what they run, and list what is under way and what is wrong.

    \b
    Example:
      cygnet fleet overview
    """
    found = {
        **target.ask("GET", "/api/overview"),
        "fleet": target.ask("GET", "/api/fleet"),
        **target.whole("/api/rollouts", "rollouts", which="under way"),
    }
    click.echo(json.dumps(found, indent=2) if as_json else "\n".join(_lines(found)))


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    fleet, counts = found["fleet"], found["conditions"]
    yield f"{found['devices']} devices: {_counts(found['status'], ('online', 'lost', 'offline', 'never'))}"
    yield f"They are: {_counts(counts, CONDITIONS[::-1])}"
    if not fleet["connected"]:
        yield f"The broker {fleet['broker']} is away: {fleet['broker_trouble'] or 'trying again'}"
    for trouble in (fleet["trouble"], found["trouble"], (found["stop"] or {}).get("reason", "")):
        if trouble:
            yield trouble
    for one in found["rollouts"]:
        where = f"stage {one['stage']} of {one['stages']}, {one['state']}"
        yield f"Rollout {one['id']} ({one['name']}), {where}: {one['reason']}"


def _counts(counts: Mapping[str, int], words: tuple[str, ...]) -> str:
    return ", ".join(f"{counts[word]} {word}" for word in words if counts.get(word)) or "none"


@click.command()
@click.argument("query", required=False, default="")
@click.option("--condition", type=click.Choice(CONDITIONS), help="Only devices of which this is the worst.")
@click.option("--tag", help="Only devices with this tag.")
@click.option("--after", help="Go on after this id.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, _MOST), help="At most so many.")
@json_option
@pass_target
def search(
    target: Target,
    query: str,
    condition: str | None,
    tag: str | None,
    after: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List the devices that QUERY takes, a page at a time; all of them without it.

    \b
    Example:
      cygnet fleet search 'board = pico-w and not status = online'
      cygnet fleet search --condition failed --json
    """
    asked = {"q": query, "condition": condition, "tag": tag, "after": after, "limit": str(limit)}
    found = target.ask("GET", "/api/overview/devices", params={name: value for name, value in asked.items() if value})
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    print_devices(found["devices"], {**target.ask("GET", "/api/fleet"), "strangers": []})
    if found["next"]:
        click.echo(f"{found['total']} in all; go on with --after {found['next']}")


@click.command()
@click.argument("device")
@json_option
@pass_target
def show(target: Target, device: str, as_json: bool) -> None:
    """Show one device: what it should have and has, its tags, groups and rollouts, what is stored of it, and how many
    bytes it sent and received.

    \b
    Example:
      cygnet fleet show kitchen
    """
    document = target.ask("GET", f"/api/devices/{segment(device)}")
    found = target.ask("GET", f"/api/devices/{segment(device)}/memberships")
    traffic = target.ask("GET", f"/api/devices/{segment(device)}/traffic")
    if as_json:
        click.echo(json.dumps({**document, **found, "traffic": traffic}, indent=2))
        return
    print_devices([document], {**target.ask("GET", "/api/fleet"), "strangers": []})
    click.echo(f"Tags: {', '.join(found['tags']) or 'none'}")
    click.echo(f"Groups: {', '.join(found['groups']) or 'none'}")
    for one in found["rollouts"]:
        error = f": {one['error']}" if one["error"] else ""
        click.echo(f"Rollout {one['id']} ({one['name']}) is {one['state']}; here: {one['device_state']}{error}")
    stored = ", ".join(f"{count} {priority}" for priority, count in sorted(found["telemetry"].items()))
    click.echo(f"Stored records: {stored or 'none'}")
    for line in traffic_lines(traffic, time.time()):
        click.echo(line)
