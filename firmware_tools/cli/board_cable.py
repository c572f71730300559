"""What the verbs that work over a cable share: which ports, which board is there, many at once, and the record."""

import dataclasses
import datetime
import json
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import click

from device_runtime.errors import CygnetError
from device_runtime.host.board import find_micro_board
from device_runtime.host.microboard import MicroBoard
from firmware_tools.cli.board_progress import Display, Line
from firmware_tools.flash.bench import Record, Result
from firmware_tools.flash.errors import FlashError
from firmware_tools.flash.naming import known_boards
from firmware_tools.flash.ports import find_ports
from firmware_tools.provision.connection import BoardFacts
from firmware_tools.provision.errors import ProvisionError

_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one board. ``plan`` are its steps for a dry run, ``sent`` bytes over the cable."""

    board: str
    identity: str
    detail: str
    sent: int = 0
    plan: tuple[str, ...] = ()
    what: str = ""
    sha256: str = ""


def choose_ports(named: Sequence[str], *, everything: bool = False) -> list[str]:
    """The ports that the user means.

    Raises:
        FlashError: there is none, or more than one and nobody said all.
    """
    if named:
        return list(named)
    ports = [port.device for port in find_ports() if port.usb]
    if not ports:
        raise FlashError(
            "no-board",
            "no board is plugged in: there is no USB serial port; plug one in, with a cable that has data wires, "
            "or name its port with --port",
        )
    if len(ports) > 1 and not everything:
        raise FlashError(
            "no-board",
            f"{len(ports)} boards are plugged in ({', '.join(ports)}); name one with --port, or take --all",
        )
    return ports


def board_on(facts: BoardFacts, name: str | None, port: str) -> MicroBoard:
    """The configuration of the board on a port: the one that was named, else the only one that fits.

    Raises:
        ProvisionError: none fits, or several do.
    """
    if name:
        return find_micro_board(name)
    boards = known_boards()
    build = {facts.build, facts.build.partition("-")[0]} - {""}
    fitting = [item for item in boards if item.flash.firmware in build] or [
        item for item in boards if any(facts.machine.startswith(machine) for machine in item.flash.machines)
    ]
    if len(fitting) == 1:
        return fitting[0]
    what = facts.machine or f"{facts.name} {facts.version_text}"
    named = f"it may be {' or '.join(item.name for item in fitting)}" if fitting else "no board file is for such a one"
    raise ProvisionError(f"the board on {port} says that it is {what}, and {named}; say which with --board")


def run_on(
    ports: Sequence[str],
    work: Callable[[str, int, Line], Done],
    record: Record | None,
    *,
    as_json: bool,
) -> list[tuple[Result, Done | None]]:
    """Do ``work(port, number, line)`` for all ports, at most eight at once. One that fails does not stop another.

    Raises:
        CygnetError: one board was meant and failed, or some of several did; each was told of then.
    """
    lock, failures = threading.Lock(), []
    with Display(quiet=as_json) as display:

        def one(numbered: tuple[int, str]) -> tuple[Result, Done | None]:
            number, port = numbered
            line, started, begun = display.line(port), datetime.datetime.now(datetime.UTC), time.monotonic()
            done, kind, detail = None, "ok", ""
            try:
                done = work(port, number, line)
                detail = done.detail
            except CygnetError as error:
                kind, detail = str(getattr(error, "kind", "provisioning")), str(error)
                failures.append(error)
            line.end()
            result = Result(
                started=started.isoformat(timespec="seconds"),
                place=port,
                board=done.board if done else "",
                identity=done.identity if done else "",
                firmware=done.what if done else "",
                sha256=done.sha256 if done else "",
                bytes=done.sent if done else 0,
                seconds=round(time.monotonic() - begun, 1),
                result=kind,
                detail=detail,
            )
            with lock:
                if record is not None:
                    record.add(result)
                if not as_json:
                    _tell(result, alone=len(ports) == 1)
            return result, done

        with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
            try:
                results = list(pool.map(one, enumerate(ports)))
            except KeyboardInterrupt:
                display.interrupted.set()  # what writes to a board goes on to its end; what only listens does not
                raise
    if as_json:
        click.echo(json.dumps([_document(result, done) for result, done in results], indent=2))
    if failures and len(ports) == 1:
        raise failures[0]
    if failures:
        named = ", ".join(result.place for result, _ in results if result.result != "ok")
        raise ProvisionError(f"{len(failures)} of {len(ports)} boards failed: {named}")
    return results


def show_plans(results: Sequence[tuple[Result, Done | None]]) -> None:
    """What would be done, for people."""
    for result, done in results:
        if done is not None:
            click.echo(f"{done.board} on {result.place}:")
            for number, step in enumerate(done.plan, 1):
                click.echo(f"  {number}. {step}")
    click.echo("Nothing was done.")


def _tell(result: Result, *, alone: bool) -> None:
    if result.result == "ok":
        click.echo(f"{click.style('ok', fg='green', bold=True)}  {result.place}: {result.detail}")
    elif not alone:
        click.echo(f"{click.style('failed', fg='red', bold=True)}  {result.place}: {result.detail}")


def _document(result: Result, done: Done | None) -> dict[str, object]:
    return {**dataclasses.asdict(result), "plan": list(done.plan) if done else []}
