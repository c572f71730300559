"""What ``cygnet fleet rollout`` prints for people, and how it watches."""

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from firmware_tools.cli.fleet_tables import ago
from firmware_tools.fleet.client import FleetClient

_STATES = {"running": "cyan", "done": "green", "paused": "yellow", "approval": "yellow", "aborted": "red"}
_BAR = 24
_PARTS = (
    ("good", "green"),
    ("reached", "cyan"),
    ("handed", "blue"),
    ("withdrawing", "yellow"),
    ("failed", "red"),
    ("returning", "yellow"),
    ("restoring", "yellow"),
    ("restored", "magenta"),
)
"""Devices of a stage in a bar, from the left; what is planned is what is left of it."""
_OUT = ("skipped", "superseded")
_ENDED = ("done", "aborted")
_LOOK = 2.0


def state_words(found: Mapping[str, Any]) -> str:
    """The state of a rollout, with why."""
    return f"{found['state']}: {found['reason']}" if found["reason"] else str(found["state"])


def print_rollouts(answer: Mapping[str, Any]) -> None:
    """A row a rollout; the emergency stop above all."""
    console = Console()
    if answer["stop"]:
        console.print(Text(f"Nothing is handed out: {answer['stop']['reason']}.", "red"))
    if answer["trouble"]:
        console.print(Text(answer["trouble"], "red"))
    if not answer["rollouts"]:
        console.print("No rollouts yet. Make one: cygnet fleet rollout create APP_ID --group GROUP --start")
        return
    table = Table(box=None, pad_edge=False, header_style="bright_black")
    for column in ("ROLLOUT", "NAME", "STATE", "STAGE", "GOOD", "FAILED", "DEVICES", "WHY"):
        table.add_column(column)
    for found in answer["rollouts"]:
        counts = found["counts"]
        table.add_row(
            str(found["id"]),
            Text(found["name"]),
            Text(found["state"], _STATES.get(found["state"], "")),
            f"{found['stage']} of {found['stages']}",
            str(counts.get("good", 0)),
            str(counts.get("failed", 0)),
            str(sum(counts.get(name, 0) for name in ("planned", *(part for part, _ in _PARTS)))),
            Text(found["reason"]),
        )
    console.print(table)


def print_rollout(found: Mapping[str, Any]) -> None:
    """A rollout with its stages, its failures and its timeline."""
    console = Console()
    console.print(_overview(found))
    console.print()
    for event in found["events"]:
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(event["time"]))
        console.print(Text(f"{when}  {event['actor']:<10}  {event['action']:<11}  {event['text']}"))
    if found.get("pruned_at"):
        since = time.strftime("%Y-%m-%d", time.localtime(found["pruned_at"]))
        console.print()
        console.print(f"Its devices are not kept one by one any more (since {since}): it ended long ago.")
    elif "devices" in found:
        console.print()
        console.print(_devices(found["devices"], found["now"]))


def watch(client: FleetClient, number: int, *, as_json: bool) -> str:
    """Show a rollout as it goes, until it has ended; the state in which it did."""
    return asyncio.run(_watch(client, number, as_json=as_json))


async def _watch(client: FleetClient, number: int, *, as_json: bool) -> str:
    last: Mapping[str, Any] = {}
    with Live(console=Console(), auto_refresh=False) if not as_json else contextlib.nullcontext() as live:
        while True:
            found = await client.call("GET", f"/api/rollouts/{number}")
            seen = {name: value for name, value in found.items() if name != "now"}
            if seen != last:
                last = seen
                if live is not None:
                    live.update(_overview(found), refresh=True)
                else:
                    click.echo(json.dumps(found))
                    sys.stdout.flush()
            if found["state"] in _ENDED and not _on_the_way_back(found):
                return str(found["state"])
            await asyncio.sleep(_LOOK)


def _on_the_way_back(found: Mapping[str, Any]) -> bool:
    return bool(found["counts"].get("returning", 0))


def _overview(found: Mapping[str, Any]) -> RenderableType:
    title = Text.assemble(
        (f"Rollout {found['id']}: {found['name']}", "bold"),
        f" for {found['whom']}  ",
        (found["state"], _STATES.get(found["state"], "")),
    )
    parts: list[RenderableType] = [title]
    if found["reason"]:
        parts.append(Text(found["reason"], "bright_black"))
    parts.append(_stages(found["stages"], found["stage"]))
    for failure in found["failures"]:
        number, example = failure["devices"], failure["example"]
        who = example if number == 1 else f"{number} devices, such as {example}"
        style = "red" if failure["state"] == "failed" else ""
        parts.append(Text(f"{failure['state']}: {who}: {failure['error']}", style))
    return Group(*parts)


def _stages(stages: Sequence[Mapping[str, Any]], current: int) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for stage in stages:
        counts = stage["counts"]
        total = sum(counts.get(name, 0) for name in ("planned", *(part for part, _ in _PARTS)))
        words = [f"{counts[name]} {name}" for name in ("planned", *(p for p, _ in _PARTS), *_OUT) if counts.get(name)]
        if counts.get("away"):
            words.append(f"{counts['away']} not online")
        mark = ">" if stage["number"] == current else " "
        table.add_row(
            f"{mark} {stage['number']}", f"to {stage['size']}", _bar(counts, total), ", ".join(words) or "no devices"
        )
    return table


def _bar(counts: Mapping[str, int], total: int) -> Text:
    bar = Text()
    for name, style in _PARTS:
        if counts.get(name):
            bar.append("━" * max(1, round(_BAR * counts[name] / total)), style)
    bar.truncate(_BAR)
    bar.append("━" * (_BAR - len(bar)), "bright_black")
    return bar


def _devices(found: Sequence[Mapping[str, Any]], now: float) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bright_black")
    for column in ("DEVICE", "STAGE", "STATE", "", "TOLD", "WHY"):
        table.add_column(column)
    for device in found:
        table.add_row(
            Text(device["device"], "bold"),
            str(device["stage"]),
            device["state"],
            "" if device["online"] else "not online",
            ago(device["handed_at"], now),
            Text(device["error"]),
        )
    return table
