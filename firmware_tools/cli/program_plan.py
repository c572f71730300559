"""``cygnet program plan``: what a program may collect, as an owner reads it, and a plan to start from."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from device_runtime.errors import CygnetError
from device_runtime.privacy import words
from device_runtime.program.data_plan import PURPOSES, DataItem
from device_runtime.program.manifest import Manifest, parse_manifest
from device_runtime.program.package import read_package_file
from device_runtime.sealed.archive import read_archive
from firmware_tools.build.dialects import load_project
from firmware_tools.build.manifests import checked_manifest
from firmware_tools.port.plan_draft import draft_plan
from firmware_tools.port.plan_remarks import outflows_of

_SENSITIVE = "sensitive"
_NEXT = (
    "Put it into cygnet.json as data_plan: check categories, fields, purposes and days, and write a reason for each "
    "item; until then the build refuses it."
)
_NOTHING = "The code seems to send nothing. An empty data_plan in cygnet.json says so."


@click.command()
@click.argument("source", metavar="FOLDER|PACKAGE", type=click.Path(path_type=Path, exists=True))
@click.option("--draft", is_flag=True, help="Print a data_plan to start from, made from what the code sends.")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def plan(source: Path, draft: bool, as_json: bool) -> None:
    """Say what a program may collect, for what, where it goes and how long it is kept, as an owner reads it.

    \b
    Example:
      cygnet program plan my-program
      cygnet program plan my-program.ma --json
      cygnet program plan my-program --draft > data_plan.json
    """
    manifest = _manifest(source)
    if draft:
        _draft(source, manifest)
    elif as_json:
        click.echo(json.dumps(_document(manifest), indent=2, ensure_ascii=False))
    elif manifest.data_plan.spoken:
        _show(manifest)
    else:
        _show_unspoken(source, manifest)


def _manifest(source: Path) -> Manifest:
    if source.is_dir():
        return checked_manifest(load_project(source))
    return parse_manifest(read_archive(read_package_file(source)).get("manifest.json", b""))


def _draft(source: Path, manifest: Manifest) -> None:
    """The draft alone on the standard output, so that it can be kept in a file."""
    if not source.is_dir():
        raise CygnetError(f"{source} is a package; a draft is made from source, so give the program's folder")
    made = draft_plan(outflows_of(source, load_project(source)), manifest)
    click.echo(json.dumps(made.items, indent=2, ensure_ascii=False))
    for remark in made.remarks:
        click.echo(f"{click.style('note:', fg='cyan', bold=True)} {remark}", err=True)
    click.echo(_NEXT if made.items else _NOTHING, err=True)


def _document(manifest: Manifest) -> dict[str, Any]:
    return {
        "app_id": manifest.app_id,
        "name": manifest.name,
        "spoken": manifest.data_plan.spoken,
        "items": [
            {**item.document(), "sensitive": item.is_sensitive, "sentence": words.sentence(item)}
            for item in manifest.data_plan.items
        ],
    }


def _show(manifest: Manifest) -> None:
    console = Console(highlight=False, soft_wrap=False)
    items = manifest.data_plan.items
    console.print(Text(f"{manifest.name} {manifest.version.name}", style="bold"))
    if not items:
        console.print("It collects nothing, and sends nothing.")
    for purpose in PURPOSES:
        if found := [item for item in items if item.purpose == purpose]:
            console.print()
            console.print(Text(words.heading(purpose), style="bold"))
            console.print(_table(found))


def _table(items: Sequence[DataItem]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("Item", overflow="fold", max_width=18)
    table.add_column("What", overflow="fold", ratio=5)
    table.add_column("Where to", overflow="fold", ratio=2)
    table.add_column("How long", no_wrap=True)
    table.add_column("Needed", no_wrap=True)
    for item in items:
        said = Text(": ".join(part for part in (words.what(item.category), words.detail(item)) if part))
        said.append(f"\n“{item.reason}”", style="italic")
        if further := words.further(item):
            said.append(f"\n{further}")
        name = Text(item.name)
        if item.is_sensitive:
            name.append(f"\n{_SENSITIVE}", style="yellow")
        needed = "yes" if item.basis == "contract" else "no"
        table.add_row(name, said, words.where(item.destination), words.how_long(item), needed)
    return table


def _show_unspoken(source: Path, manifest: Manifest) -> None:
    click.echo(f"{manifest.name} {manifest.version.name} has no data plan. An owner reads:\n")
    click.echo(f"  {words.unspoken(manifest.data_plan.items)}\n")
    click.echo("It may send to:")
    for item in manifest.data_plan.items:
        click.echo(f"  {item.destination}")
    if source.is_dir():
        click.echo(f"\nA plan to start from: cygnet program plan {source} --draft")
