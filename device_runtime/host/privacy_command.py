"""``cygnet device privacy``: what programs may collect and send, what people said to it, and what was sent."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import click

from device_runtime.errors import CygnetError
from device_runtime.host.privacy_desk import PrivacyDesk
from device_runtime.host.privacy_folder import desk_of, opened
from device_runtime.host.privacy_rights import copy_of
from device_runtime.host.privacy_words import line
from device_runtime.host.state_directory import default_state
from device_runtime.privacy.consents import PROFILES, Consents, Profile
from device_runtime.privacy.erasures import Erasures
from device_runtime.privacy.ledger import Ledger
from device_runtime.sealed.durable import write_whole

_STATE = click.option(
    "--state", type=click.Path(path_type=Path, file_okay=False), help="Directory of all that the device remembers."
)
_STANDING = {"granted": "yes", "refused": "no", "unasked": "not asked yet"}


@contextmanager
def _opened(state: Path | None) -> Iterator[tuple[PrivacyDesk, Consents, Ledger]]:
    """The privacy of a device that may run meanwhile: it notices within a second what is changed here."""
    folder = state or default_state()
    with opened(folder) as (file, ledger):
        desk, consents = desk_of(folder, file, ledger)
        yield desk, consents, ledger


@click.group("privacy", invoke_without_command=True)
@_STATE
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.pass_context
def privacy(context: click.Context, state: Path | None, as_json: bool) -> None:
    """Show what each program may collect and send, and what was said to it.

    \b
    Example:
      cygnet device privacy
      cygnet device privacy allow org.example.weather forecast
      cygnet device privacy ledger --app org.example.weather
      cygnet device privacy export my-data.json
      cygnet device privacy erase org.example.weather
    """
    if context.invoked_subcommand is not None:
        return
    with _opened(state) as (desk, _, _):
        document = desk.document()
    if as_json:
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return
    click.echo("\n".join(_page(document)))


def _page(document: dict[str, Any]) -> Iterator[str]:
    owner = f", which belongs to {document['organisation']}" if document["organisation"] else ""
    yield f"The profile in use is {document['profile']}{owner}."
    for program in document["programs"]:
        yield ""
        yield f"{program['name']} ({program['app_id']})"
        if program["seen"]:
            yield f"  It has had: {', '.join(program['seen'])}."
        if not program["items"]:
            yield "  It collects and sends nothing."
        for item in program["items"]:
            yield f"  {item['name']}: {_STANDING[item['standing']]}"
            yield f"    {item['sentence']}"
    yield ""
    if counts := document["counts"]:
        yield f"Told in counts today: {counts['epsilon']:g} of {counts['of']:g} (epsilon)."
    for fault in document["faults"]:
        yield f"The ledger is not whole: {fault}."
    if not document["faults"]:
        yield "The ledger is whole."


def _decide(state: Path | None, app_id: str, items: tuple[str, ...], profile: str | None, *, granted: bool) -> None:
    with _opened(state) as (desk, consents, _):
        if profile is not None:
            consents.profile = cast("Profile", profile)
        chosen = desk.decide(app_id, items, granted=granted, who="owner")
    for item in chosen:
        click.echo(f"{item.name}: {'yes' if granted else 'no'}")


_PROFILE = click.option("--profile", type=click.Choice(PROFILES), help="For whom; else for who uses the device now.")


@privacy.command()
@click.argument("app_id")
@click.argument("items", nargs=-1)
@_PROFILE
@_STATE
def allow(app_id: str, items: tuple[str, ...], profile: str | None, state: Path | None) -> None:
    """Say yes to items of a program's data plan; to all of them without ITEMS."""
    _decide(state, app_id, items, profile, granted=True)


@privacy.command()
@click.argument("app_id")
@click.argument("items", nargs=-1)
@_PROFILE
@_STATE
def refuse(app_id: str, items: tuple[str, ...], profile: str | None, state: Path | None) -> None:
    """Say no to items of a program's data plan, or take a yes back; all of them without ITEMS.

    It counts within a second, also while the device runs: what is collected is stopped.
    """
    _decide(state, app_id, items, profile, granted=False)


@privacy.command("profile")
@click.argument("name", required=False, type=click.Choice(PROFILES))
@_STATE
def switch_profile(name: str | None, state: Path | None) -> None:
    """Say who uses the device now, or show it. A guest has agreed to nothing; a child is not asked."""
    with _opened(state) as (desk, consents, _):
        if name is not None:
            desk.switch(cast("Profile", name))
        click.echo(consents.profile)


@privacy.command("ledger")
@click.option("--app", default="", help="Of one program.")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@_STATE
@click.pass_context
def show_ledger(context: click.Context, app: str, as_json: bool, state: Path | None) -> None:
    """Show what was allowed, refused and sent, oldest first, and check that nothing was changed.

    Exits with 1 where the ledger is not whole.
    """
    with _opened(state) as (_, _, ledger):
        faults = list(ledger.faults())
        at = 0
        while entries := ledger.entries(at, app=app):
            for entry in entries:
                if as_json:
                    click.echo(json.dumps({name: getattr(entry, name) for name in entry.__slots__}))
                else:
                    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(entry.milliseconds / 1000))
                    click.echo(f"{when}  {line(entry)}")
            at = entries[-1].number
    for fault in faults:
        click.echo(f"the ledger is not whole: {fault}", err=True)
    if faults:
        context.exit(1)


@privacy.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_STATE
def export(file: Path, state: Path | None) -> None:
    """Write all that is known here into FILE, as JSON: plans in words, decisions, ledger, what programs keep."""
    copy = copy_of(state or default_state())
    try:
        write_whole(file, copy)
    except OSError as error:
        raise CygnetError(f"{file} cannot be written: {error.strerror}; name another file") from error
    click.echo(f"{file} holds it. It is yours, and it may be personal: keep it where nobody else reads it.")


@privacy.command()
@click.argument("app_id", default="")
@click.option("--all", "all_programs", is_flag=True, help="All programs, in place of APP_ID.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_STATE
def erase(app_id: str, all_programs: bool, yes: bool, state: Path | None) -> None:
    """Delete what a program keeps on the device, and have the fleet erase what it told.

    The device does it within a second, or when it starts next; the fleet when it can be reached. `cygnet device privacy
    ledger` shows both. Decisions stay: a program that you refused something is still refused it.
    """
    if bool(app_id) == all_programs:
        raise click.UsageError("name a program, or give --all")
    of = app_id or "all programs"
    if not yes:
        click.confirm(f"Delete what {of} kept here and told your fleet? It cannot be undone.", abort=True)
    with opened(state or default_state()) as (file, ledger):
        Erasures(file, ledger).want(app_id)
    click.echo(f"{of}: the device deletes it as soon as it runs, and asks your fleet to erase what it has.")
