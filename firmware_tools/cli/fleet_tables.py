"""What ``cygnet fleet`` prints for people."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

_STATUS = {"online": "green", "offline": "bright_black", "lost": "red", "never": "bright_black"}
_STEPS = {"in step": "green", "downloading": "cyan", "waiting": "yellow", "failed": "red", "removing": "yellow"}
_STEPS |= {"staged": "cyan", "trial": "cyan", "rolled back": "red"}
_STEPS |= {"unpublished": "red", "unsupported": "red"}


def print_devices(devices: Sequence[Mapping[str, Any]], fleet: Mapping[str, Any]) -> None:
    """A row a program of each device, and a row a model."""
    console = Console()
    if not fleet["connected"]:
        console.print(f"[yellow]The broker {fleet['broker']} is away; devices go on with what they have.[/]")
    if not devices:
        console.print("No devices yet. Let one in: cygnet fleet enroll kitchen --out kitchen.toml")
    else:
        console.print(_device_table(devices, fleet["now"]))
    for stranger in fleet["strangers"]:
        name = stranger["device"]
        console.print(
            Text(f"{name} is not enrolled and is refused ({stranger['messages']} messages): ", "yellow")
            + Text(f"cygnet fleet enroll {name}")
        )


def _device_table(devices: Sequence[Mapping[str, Any]], now: float) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bright_black")
    for column in ("DEVICE", "STATE", "SEEN", "PROGRAM", "SHOULD", "HAS", ""):
        table.add_column(column)
    for device in devices:
        head = [
            Text(device["id"], "bold"),
            Text(device["status"], _STATUS[device["status"]]),
            Text(ago(device["last_seen"], now)),
        ]
        if not device["programs"] and not device["models"]:
            table.add_row(*head, Text("none assigned", "bright_black"))
        for program in device["programs"]:
            table.add_row(*head, *_program_cells(program))
            head = [Text(), Text(), Text()]
        said = ""
        for model in device["models"]:
            table.add_row(*head, *_model_cells(model, said))
            head, said = [Text(), Text(), Text()], model["note"]
    return table


def _model_cells(model: Mapping[str, Any], said: str) -> list[Text]:
    """``said``: the note of the row before, which is not repeated."""
    should, has, step = model["should"], model["has"], model["step"]
    note = step
    if step == "downloading" and has["size"]:
        note = f"downloading {100 * has['received'] // has['size']} %"
    elif step == "in step" and has["phase"] == "built-in":
        note = "built in"
    if reason := (reason_of(has) if has else "") or (model["note"] if model["note"] != said else ""):
        note = f"{step}: {reason}"
    return [
        Text(f"model {model['name']}"),
        Text(should["version_name"] if should else "-"),
        Text(has["version_name"] if has else "-"),
        Text(note, _STEPS[step]),
    ]


def print_models_of_program(models: Sequence[Mapping[str, Any]]) -> None:
    """What becomes of the models that a program asks for, which was just assigned."""
    console = Console(soft_wrap=True)
    for model in models:
        if model["note"]:
            console.print(Text("note: ", "yellow") + Text(model["note"]))
        elif model["should"]:
            console.print(f"  with the model {model['name']} {model['should']['version_name']}", highlight=False)


def print_models(models: Sequence[Mapping[str, Any]]) -> None:
    """A row a published version of a model."""
    console = Console()
    if not models:
        console.print("No models yet. Publish one: cygnet model publish MODEL-DIR")
        return
    table = Table(box=None, pad_edge=False, header_style="bright_black")
    for column in ("MODEL", "TASK", "VERSION", "CODE", "SIZE", "PUBLISHED"):
        table.add_column(column, justify="right" if column in {"CODE", "SIZE"} else "left")
    for release in models:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(release["published_at"]))
        table.add_row(
            Text(release["model"], "bold"),
            Text(release["task"]),
            Text(release["version_name"]),
            str(release["version_code"]),
            f"{release['size']:,}",
            when,
        )
    console.print(table)


def reason_of(has: Mapping[str, Any]) -> str:
    """Why a program or model is as its device says, in the device's own sentence."""
    reason: str = has["error"] or has.get("note", "")
    return reason


def _program_cells(program: Mapping[str, Any]) -> list[Text]:
    should, has, step = program["should"], program["has"], program["step"]
    note = step
    if step == "downloading" and has["size"]:
        note = f"downloading {100 * has['received'] // has['size']} %"
    if reason := (reason_of(has) if has else ""):
        note = f"{step}: {reason}"
    return [
        Text(program["app_id"]),
        Text(should["version_name"] if should else "-"),
        Text(has["version_name"] if has else "-"),
        Text(note, _STEPS[step]),
    ]


def print_releases(releases: Sequence[Mapping[str, Any]]) -> None:
    """A row a release."""
    console = Console()
    if not releases:
        console.print("Nothing is published yet: cygnet fleet publish FOLDER")
        return
    table = Table(box=None, pad_edge=False, header_style="bright_black")
    for column in ("PROGRAM", "NAME", "VERSION", "CODE", "SIZE", "PUBLISHED"):
        table.add_column(column, justify="right" if column in {"CODE", "SIZE"} else "left")
    for release in releases:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(release["published_at"]))
        table.add_row(
            Text(release["app_id"], "bold"),
            Text(release["name"]),
            Text(release["version_name"]),
            str(release["version_code"]),
            f"{release['size']:,}",
            when,
        )
    console.print(table)


def print_losses(losses: Sequence[Mapping[str, Any]]) -> None:
    """A row a device, cause and priority."""
    if not losses:
        Console().print("No device has told of records that it had to drop.")
        return
    table = Table(box=None, pad_edge=False, header_style="bright_black")
    for column in ("DEVICE", "CAUSE", "PRIORITY", "RECORDS", "LAST"):
        table.add_column(column, justify="right" if column == "RECORDS" else "left")
    for loss in losses:
        last = time.strftime("%Y-%m-%d %H:%M", time.localtime(loss["last_time"]))
        table.add_row(Text(loss["device"], "bold"), loss["cause"], loss["priority"], f"{loss['records']:,}", last)
    Console().print(table)


def print_record(record: Mapping[str, Any]) -> None:
    """A line of telemetry."""
    when = time.strftime("%H:%M:%S", time.localtime(record["time"]))
    values = " ".join(f"{name}={_plain(value)}" for name, value in record["values"].items())
    line = Text.assemble(
        (when, "bright_black"),
        "  ",
        (record["device"], "bold"),
        "  ",
        (record["source"], "bright_black"),
        "  ",
        (record["name"], "cyan"),
        "  ",
        values,
    )
    Console(soft_wrap=True).print(line)


def ago(when: float | None, now: float) -> str:
    """How long ago, in the largest unit that says something."""
    if when is None:
        return "never"
    seconds = max(0, int(now - when))
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit} ago"
    return f"{seconds} s ago"


def _plain(value: object) -> str:
    # A device chose this text: escape sequences in it must not reach the terminal.
    return value if isinstance(value, str) and value.isprintable() else json.dumps(value)
