"""``cygnet board privacy``: what the programs of a board may report and hear, and what left."""

import dataclasses
import json
import time

import click

from firmware_tools.cli.board_progress import Display
from firmware_tools.cli.board_provision import RESTART
from firmware_tools.provision.connection import BoardConnection
from firmware_tools.provision.delivery import deliver
from firmware_tools.provision.errors import ProvisionError
from firmware_tools.provision.privacy import (
    BoardLedger,
    BoardPrivacy,
    Item,
    ProgramPrivacy,
    plan_decision,
    read_ledger,
    read_privacy,
)

_DAY = 86_400


@click.command()
@click.argument("port")
@click.argument("verb", type=click.Choice(["show", "allow", "refuse", "ledger"]))
@click.argument("app_id", required=False, default="", metavar="[APP_ID]")
@click.argument("items", nargs=-1, metavar="[ITEM]...")
@click.option("--no-start", is_flag=True, help="Leave it at its prompt.")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def privacy(port: str, verb: str, app_id: str, items: tuple[str, ...], no_start: bool, as_json: bool) -> None:
    """Say what the programs of the board at PORT may report and hear, or see what left it.

    A board has no screen to ask on: what nobody allowed here stays on it, unless its configuration names an
    organisation. The names are those of the program's data plan. `allow` without names allows what is not sensitive; of
    a microphone and the like each item needs a yes of its own. The board restarts afterwards.

    \b
    Example:
      cygnet board privacy /dev/ttyACM0 show
      cygnet board privacy /dev/ttyACM0 allow com.example.lamp
      cygnet board privacy /dev/ttyACM0 allow com.example.lamp words
      cygnet board privacy /dev/ttyACM0 ledger
    """
    if verb in ("allow", "refuse") and not app_id:
        raise click.UsageError(f"name the program that you {verb} something: cygnet board privacy {port} {verb} APP_ID")
    if verb in ("show", "ledger") and items:
        raise click.UsageError(f"`{verb}` takes no items")
    faults: tuple[str, ...] = ()
    with Display(quiet=as_json) as display:
        line = display.line(port)
        line.step("connecting")
        with BoardConnection.open(port, say=line.step) as board:
            board.require("privacy")
            if verb == "ledger":
                ledger = _of_app(read_ledger(board), app_id)
                said, faults = _ledger(ledger, as_json=as_json), ledger.faults
            elif verb == "show":
                said = _show(_only(read_privacy(board), app_id), as_json=as_json)
            else:
                plan, names = plan_decision(board, app_id, items, granted=verb == "allow")
                deliver(board, plan)
                done = "may leave or be heard from now on" if verb == "allow" else "stays here from now on"
                said = (
                    json.dumps({"app_id": app_id, verb: names}) if as_json else f"{app_id}: {', '.join(names)} {done}"
                )
            if not no_start:
                board.leave(RESTART, "starting")
        line.end()
    # A board may say anything, and must not lead our terminal.
    click.echo("".join(each if each.isprintable() or each == "\n" else "?" for each in said))
    if faults:
        raise ProvisionError(f"the ledger of the board on {port} was changed: {'; '.join(faults)}")


def _only(found: BoardPrivacy, app_id: str) -> BoardPrivacy:
    programs = tuple(each for each in found.programs if app_id in ("", each.app_id))
    if app_id and not programs:
        there = ", ".join(each.app_id for each in found.programs) or "none"
        raise ProvisionError(f"the board has no program {app_id}; it has {there}")
    return dataclasses.replace(found, programs=programs)


def _of_app(ledger: BoardLedger, app_id: str) -> BoardLedger:
    days = tuple(
        dataclasses.replace(day, entries=tuple(entry for entry in day.entries if app_id in ("", entry[1])))
        for day in ledger.days
    )
    return dataclasses.replace(ledger, days=days)


def _show(found: BoardPrivacy, *, as_json: bool) -> str:
    if as_json:
        return json.dumps(dataclasses.asdict(found), indent=2)
    lines = []
    if found.organisation:
        lines.append(f"The board is {found.organisation}'s, which agrees to what its programs declare.")
    for program in found.programs:
        lines += _program(program)
    return "\n".join(lines or ["The board has no programs."])


def _program(program: ProgramPrivacy) -> list[str]:
    lines = [program.app_id, *(f"  {_item(item)}" for item in program.items)]
    if not program.items:
        lines.append("  reports nothing and hears nothing")
    if program.seen:
        lines.append(f"  has been given {', '.join(program.seen)}: only items that say so may tell of it")
    return lines


def _item(item: Item) -> str:
    stands = {True: "allowed", False: "refused", None: "not allowed yet"}[item.agreed]
    where = f"to the {item.destination}" if item.leaves else "stays here"
    return f"{item.name:20} {stands:16} {where:14} {', '.join(item.covers)}: {item.reason}"


def _ledger(ledger: BoardLedger, *, as_json: bool) -> str:
    if as_json:
        return json.dumps(dataclasses.asdict(ledger), indent=2)
    lines = []
    for day in ledger.days:
        date = time.strftime("%Y-%m-%d", time.gmtime(day.number * _DAY)) if day.number else "before it knew the time"
        lines.append(f"{date}  {day.hash if day.is_over else 'not over yet'}")
        lines += [
            f"  {act:8} {count:6} times {size:9,} bytes  {app} {item}" for act, app, item, count, size in day.entries
        ]
    return "\n".join(lines or ["Nothing has left the board, and nothing was turned away."])
