"""``cygnet board provision``: make a board a device of a fleet."""

import asyncio
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import click

from device_runtime.host.board import find_micro_board
from device_runtime.host.microboard import MicroBoard
from firmware_tools.cli.board_cable import Done, board_on, choose_ports, run_on, show_plans
from firmware_tools.cli.board_progress import Line
from firmware_tools.flash.bench import Record
from firmware_tools.fleet.client import FleetClient
from firmware_tools.fleet.home import FleetHome, default_home
from firmware_tools.provision.connection import BoardConnection
from firmware_tools.provision.delivery import Delivered, Plan, deliver, prepare
from firmware_tools.provision.errors import ProvisionError
from firmware_tools.provision.held import Held, look_at
from firmware_tools.provision.identity import (
    Identity,
    check_wifi,
    identity_of_fleet,
    read_ca,
    read_identity,
    read_secret,
    split_broker,
)
from firmware_tools.provision.provisioning import plan_provisioning
from firmware_tools.provision.rom import RomPlan, write_rom
from firmware_tools.provision.runtime import runtime_version
from firmware_tools.provision.whole_image import write_image

RESTART = "try:\n import machine\n machine.reset()\nexcept (ImportError,AttributeError):pass"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user said of the identity; secrets are in no text of it."""

    file: Path | None
    url: str
    token: str = field(repr=False)
    device: str
    name: str
    broker: str
    user: str
    password: str = field(repr=False)
    ca: bytes = field(repr=False)
    signature: str
    wifi: tuple[tuple[str, str], ...] = field(repr=False)
    ntp: str


@click.command()
@click.option("--port", "ports", multiple=True, metavar="PORT", help="Where the board is; may be given again.")
@click.option("--board", "board_name", help="A board's name, or its file. [default: it is asked]")
@click.option("--identity", "file", type=click.Path(path_type=Path, dir_okay=False), help="Of `cygnet fleet enroll`.")
@click.option("--fleet", "url", default="", metavar="URL", help="Enroll it at this fleet. [env: CYGNET_FLEET_URL]")
@click.option("--token-file", type=click.Path(path_type=Path), help="Operator token of that fleet, in a file.")
@click.option("--device", default="", help="Its id in the fleet; {n} in it counts boards with --all.")
@click.option("--name", default="", help="What people call it.")
@click.option("--broker", default="", metavar="URL", help="The broker as the board reaches it.")
@click.option("--broker-user", default="", help="Its user at the broker. [default: its id, when there is a password]")
@click.option("--broker-password-file", type=click.Path(path_type=Path), help="Its password there, in a file.")
@click.option("--ca", type=click.Path(path_type=Path, dir_okay=False), help="Who signed the broker's certificate.")
@click.option("--wifi", default="", metavar="SSID", help="Its network; the password is asked for.")
@click.option("--wifi-password-file", type=click.Path(path_type=Path), help="That password, in a file.")
@click.option("--wifi-open", is_flag=True, help="That network has no password.")
@click.option("--ntp", default="", metavar="HOST", help="Where it asks the time. [default: its fleet says it]")
@click.option("--signature", type=click.Choice(["ed25519", "hmac"]), help="How it checks its fleet. [default: board]")
@click.option("--all", "everything", is_flag=True, help="All boards that are plugged in, at once.")
@click.option("--no-start", is_flag=True, help="Leave it at its prompt.")
@click.option("--image", type=click.Path(path_type=Path), metavar="OUT", help="Write an image for a first flash.")
@click.option("--firmware", type=click.Path(path_type=Path, dir_okay=False), help="With --image: what runs it.")
@click.option("--dry-run", is_flag=True, help="Compare, and tell what would be done.")
@click.option("--record", type=click.Path(path_type=Path, dir_okay=False), metavar="CSV", help="Append a line a board.")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def provision(
    ports: tuple[str, ...],
    board_name: str | None,
    file: Path | None,
    url: str,
    token_file: Path | None,
    device: str,
    name: str,
    broker: str,
    broker_user: str,
    broker_password_file: Path | None,
    ca: Path | None,
    wifi: str,
    wifi_password_file: Path | None,
    wifi_open: bool,
    ntp: str,
    signature: str | None,
    everything: bool,
    no_start: bool,
    image: Path | None,
    firmware: Path | None,
    dry_run: bool,
    record: Path | None,
    as_json: bool,
) -> None:
    """Make a board with MicroPython a device: its runtime, its parts, who it is.

    Done again it sends what differs, and keeps Wi-Fi, programs and telemetry. Passwords are asked for, or read from
    files; they are never arguments, since those are visible to everybody on this machine.

    \b
    Example:
      cygnet board provision --fleet http://fleet.example:8420 --token-file token --device shelf-1 --wifi Shop
      cygnet board provision --identity shelf-1.toml --wifi Shop --wifi-password-file wifi.txt
      cygnet board provision --identity shelf-1.toml --board pico-w --image all.uf2 --firmware RPI_PICO_W.uf2
    """
    url = url or ("" if file else os.environ.get("CYGNET_FLEET_URL", ""))
    if broker:
        split_broker(broker)
    if "{n}" not in device and everything and device:
        raise ProvisionError("many boards cannot have one id: write --device so that it has {n}, such as shelf-{n}")
    password = read_secret(broker_password_file, "the broker's password") if broker_password_file else ""
    wishes = Wishes(
        file=file,
        url=url,
        token=_token(token_file) if url else "",
        device=device,
        name=name,
        broker=broker,
        user=broker_user,
        password=password,
        ca=read_ca(ca) if ca else b"",
        signature=signature or "",
        wifi=(check_wifi(wifi, "") if wifi_open else _wifi(wifi, wifi_password_file),) if wifi else (),
        ntp=ntp,
    )
    if image is not None:
        if not board_name:
            raise ProvisionError("an image is for one kind of board: name it with --board")
        micro = find_micro_board(board_name)
        identity, _ = who(wishes, micro, None, 0)
        click.echo(write_image(micro, identity, firmware, image))
        return

    def work(port: str, number: int, line: Line) -> Done:
        return _one(port, number, line, board_name, wishes, dry_run=dry_run, start=not no_start)

    results = run_on(
        choose_ports(ports, everything=everything), work, Record(record) if record else None, as_json=as_json
    )
    if dry_run and not as_json:
        show_plans(results)


def _one(
    port: str, number: int, line: Line, board_name: str | None, wishes: Wishes, *, dry_run: bool, start: bool
) -> Done:
    line.step("connecting")
    with BoardConnection.open(port, say=line.step) as board:
        micro = board_on(board.facts, board_name, port)
        board.require("provisioning")
        line.step("looking at what it holds")
        held = look_at(board)
        identity, notes = who(wishes, micro, held, number, enroll=not dry_run)
        todo = plan_provisioning(board, micro, identity, held)
        plan = (*plan_steps(todo.plan, todo.rom), *todo.notes, *notes)
        done = Done(
            board=micro.name,
            identity=todo.identity.device,
            detail=f"{micro.name} would become {todo.identity.device} of {todo.identity.fleet}",
            plan=plan,
            what=f"runtime {runtime_version()}",
        )
        if dry_run:
            return done
        sent = send(board, todo.plan, line, todo.rom)
        if start:
            board.leave(RESTART, "starting")
    told = "; ".join((told_of(sent), *todo.notes, *notes))
    detail = f"{micro.name} is {todo.identity.device} of {todo.identity.fleet}; {told}"
    return replace(done, detail=detail, sent=sent.wire)


def send(board: BoardConnection, plan: Plan, line: Line, rom: RomPlan | None = None) -> Delivered:
    """Carry a plan out, with progress: what goes into the board's ROM before its files."""
    begun, before, image = time.monotonic(), board.sent, 0
    if rom is not None and rom.write:
        image = len(rom.image)
        line.step("writing its ROM", image)
        write_rom(board, rom, line.at)
        prepare(board)
    line.step("sending")
    known = 0

    def progress(done: int, total: int, _path: str) -> None:
        nonlocal known
        if total != known:
            known = total
            line.step("sending", total)
        line.at(done)

    sent = deliver(board, plan, progress)
    return replace(sent, wire=board.sent - before, seconds=time.monotonic() - begun, rom=image)


def told_of(sent: Delivered) -> str:
    """A delivery in words and figures."""
    if not sent.sent and not sent.removed and not sent.rom:
        return f"nothing to send, {sent.kept} files are right"
    image = f"an image of {sent.rom:,} bytes in its ROM, " if sent.rom else ""
    gone = f", {len(sent.removed)} removed" if sent.removed else ""
    return (
        f"{image}{len(sent.sent)} files sent{gone}, {sent.kept} kept: {sent.content:,} bytes, {sent.wire:,} over the "
        f"cable, {sent.seconds:.1f} s"
    )


def plan_steps(plan: Plan, rom: RomPlan | None = None) -> list[str]:
    """What a delivery would do, as lines."""
    steps = []
    if rom is not None:
        place = f"{rom.rom.size // 1024} KiB of ROM"
        if rom.write:
            steps.append(f"write the runtime, {len(rom.image):,} bytes, as an image into its {place}")
        else:
            steps.append(f"leave the runtime in its {place} as it is")
    if plan.send:
        size = sum(len(plan.files[path]) for path in plan.send)
        steps.append(f"send {len(plan.send)} files, {size:,} bytes: {_some(plan.send)}")
    if plan.resumed:
        steps.append(f"put {len(plan.resumed)} files in place that an earlier run brought: {_some(plan.resumed)}")
    if plan.remove:
        steps.append(f"remove {len(plan.remove)}: {_some(plan.remove)}")
    return steps or [f"nothing: its {len(plan.kept)} files are right"]


def _some(paths: Sequence[str], most: int = 4) -> str:
    return ", ".join(paths[:most]) + (f" and {len(paths) - most} more" if len(paths) > most else "")


def who(
    wishes: Wishes, micro: MicroBoard, held: Held | None, number: int, *, enroll: bool = True
) -> tuple[Identity, list[str]]:
    """The identity that a board is to have, and what to tell about it.

    Args:
        wishes: what the user said.
        micro: the board.
        held: what it holds; ``None`` for an image.
        number: which of several boards, from 0.
        enroll: whether the fleet may be asked, which changes it.

    Raises:
        ProvisionError: nobody says who it is.
        FleetError: the fleet does not.
    """
    before = held.identity if held else None
    signature = wishes.signature or micro.network.signature
    device = wishes.device.replace("{n}", str(number + 1))
    notes: list[str] = []
    if wishes.file is not None:
        identity = read_identity(wishes.file)
        if device and device != identity.device:
            raise ProvisionError(f"{wishes.file} is for {identity.device}, not {device}; leave --device out")
    elif wishes.url:
        device = device or (before.device if before else "")
        if not device:
            raise ProvisionError("the fleet must be told its id: name it with --device")
        keyed = before is not None and before.device == device and bool(before.device_key)
        if enroll:
            answer = asyncio.run(_enroll(wishes, device, mac=signature == "hmac" and not keyed))
            identity = identity_of_fleet(answer, wishes.broker)
            if not answer.get("new") and (before is None or before.device != device):
                notes.append(f"{device} was enrolled before: no other board may have this id")
        else:
            identity = _not_enrolled(before, device, wishes)
            notes.append(f"enroll {device} at {wishes.url}")
    elif before is not None:
        identity = replace(before, time=0)
    else:
        raise ProvisionError(
            "who is it? take --identity FILE of `cygnet fleet enroll`, or --fleet URL and --device ID to enroll it"
        )
    if wishes.broker:
        host, port, tls = split_broker(wishes.broker)
        identity = replace(identity, host=host, port=port, tls=tls)
    if wishes.password:
        identity = replace(identity, password=wishes.password, username=wishes.user or identity.username)
        identity = replace(identity, username=identity.username or identity.device)
    if identity.tls and not (wishes.ca or identity.ca or (before and before.ca)):
        raise ProvisionError(
            f"{identity.host} is reached by TLS, and a board knows no authorities: name its CA with --ca FILE"
        )
    return (
        replace(
            identity,
            username=wishes.user or identity.username,
            ca=wishes.ca or identity.ca,
            wifi=wishes.wifi or identity.wifi,
            ntp=wishes.ntp or identity.ntp,
            signature=signature,
        ),
        notes,
    )


async def _enroll(wishes: Wishes, device: str, *, mac: bool) -> dict[str, object]:
    body: dict[str, object] = {"device": device, "name": wishes.name, **({"mac": True} if mac else {})}
    answer: dict[str, object] = await FleetClient(wishes.url, wishes.token).call("POST", "/api/devices", body=body)
    return answer


def _not_enrolled(before: Identity | None, device: str, wishes: Wishes) -> Identity:
    """For a dry run: what can be known without asking the fleet, which would let the device in."""
    host, port, tls = split_broker(wishes.broker) if wishes.broker else ("", 0, False)
    if before is not None and before.device == device:
        return replace(before, time=0)
    return Identity("(its fleet)", device, host, port, tls, "", device_key="(from its fleet)")


def _token(path: Path | None) -> str:
    """The operator token: from a file, the environment, or a fleet's home on this machine."""
    if path is not None:
        return read_secret(path, "the operator token")
    given, home = os.environ.get("CYGNET_FLEET_TOKEN", ""), FleetHome(default_home())
    if not given and not home.token_file.exists():
        raise ProvisionError(
            f"no fleet lives on this computer (in {home.directory}): give its operator's token with --token-file, "
            "or make a fleet with `cygnet fleet init`"
        )
    return given or home.token()


def _wifi(ssid: str, path: Path | None) -> tuple[str, str]:
    if path is not None:
        return check_wifi(ssid, read_secret(path, f"the password of {ssid}"))
    if not sys.stdin.isatty():
        raise ProvisionError(
            f"the password of {ssid} is asked for at a terminal, and this is none; give it with --wifi-password-file"
        )
    said: str = click.prompt(f"Password of {ssid}", hide_input=True, err=True)
    return check_wifi(ssid, said)
