"""``cygnet fleet rollout``: a release for a group of devices, in stages."""

import getpass
import json
from typing import Any

import click

from firmware_tools.cli import fleet_rollout_tables as tables
from firmware_tools.cli.fleet_rollout_preview import preview, preview_lines
from firmware_tools.cli.fleet_target import Target, json_option, pass_target


def _me() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user without a name
        return "operator"


by_option = click.option(
    "--by", help="Who does it, for the timeline. Your user name without it; with an account always its name."
)


def _by(target: Target, by: str | None) -> dict[str, str]:
    """What a request says about who does it: of an account the fleet knows that by itself."""
    said = by if by is not None or not target.is_owner else _me()
    return {} if said is None else {"by": said}


reason_option = click.option("--reason", default="", help="Why, for the timeline.")


KINDS = ("program", "model", "runtime", "settings")


@click.group()
def rollout() -> None:
    """Bring a release to a group of devices in stages, which stop when it does not do well.

    \b
    A first rollout:
      cygnet fleet rollout create com.example.radio --group beta --stage 1 --stage 10% --stage 100% --start
      cygnet fleet rollout watch 1
    """


@rollout.command()
@click.argument("subject", required=False, default="")
@click.option(
    "--kind",
    type=click.Choice(["program", "model", "runtime", "settings"]),
    default="program",
    help="What SUBJECT names.",
)
@click.option("--version", help="Version code (of a runtime: its version); the newest without it.")
@click.option("--name", default="", help="What people call the rollout.")
@click.option("--group", help="For the devices of this group.")
@click.option("--query", help="For the devices that this query takes.")
@click.option("--device", "devices", multiple=True, help="For this device. May be repeated.")
@click.option("--exclude", multiple=True, metavar="DEVICE", help="Leave this device out. May be repeated.")
@click.option("--stage", "stages", multiple=True, help="How far a stage goes, such as 5 or 10%; the last is 100%.")
@click.option("--approve-stage", multiple=True, type=click.IntRange(1), help="This stage waits for `approve`.")
@click.option("--soak", help="How long a device must stay healthy: 90s, 10m, 24h.  [default: 10m]")
@click.option("--success", help="The share of a stage that must get there.  [default: 95%]")
@click.option("--errors", help="The most that may fail, a share or a number.  [default: 10%]")
@click.option("--on-error", type=click.Choice(["pause", "abort", "roll-back"]), help="Then.  [default: pause]")
@click.option("--away-share", help="The share of a stage that may be missing because it is off.  [default: 20%]")
@click.option("--away-time", help="After this time nobody who is off is waited for.  [default: 1d]")
@click.option("--timeout", help="An online device that has not begun after this time has failed.")
@click.option("--late", type=click.Choice(["never", "join", "always"]), help="Late joiners.  [default: join]")
@click.option("--window", "windows", multiple=True, help="Hand out only in these hours, such as 22:00-06:00.")
@click.option("--zone", default="UTC", show_default=True, help="Time zone of --window, such as Europe/Berlin.")
@click.option("--per-minute", type=click.IntRange(0), help="Hand out to at most so many devices a minute.")
@click.option("--launch", is_flag=True, help="Bring the program to the foreground when it is installed.")
@click.option("--urgent", is_flag=True, help="Devices do not wait for a good moment.")
@click.option("--downgrade", is_flag=True, help="Also for devices that should have a newer version.")
@click.option("--supersede", is_flag=True, help="Take devices from an older rollout of the same subject.")
@click.option("--start", is_flag=True, help="Start it at once.")
@click.option("--dry-run", is_flag=True, help="Say what would happen now, and make nothing.")
@by_option
@json_option
@pass_target
def create(
    target: Target,
    /,
    subject: str,
    stages: tuple[str, ...],
    approve_stage: tuple[int, ...],
    windows: tuple[str, ...],
    zone: str,
    start: bool,
    dry_run: bool,
    by: str | None,
    as_json: bool,
    **plan: Any,
) -> None:
    """Make a rollout of SUBJECT: an app id, or the name of a model or of settings; nothing for a runtime. It
    begins with `start`.

    \b
    Example:
      cygnet fleet rollout create com.example.radio --group kitchens --stage 1 --stage 10% --stage 100% --start
      cygnet fleet rollout create com.example.radio --query all --on-error roll-back --window 22:00-06:00
      cygnet fleet rollout create commands_en --kind model --group beta
      cygnet fleet rollout create nights --kind settings --query all --stage 1 --stage 100%
      cygnet fleet rollout create --kind runtime --query 'board = pico-w' --stage 1 --stage 100% --approve-stage 2
    """
    if subject == "" and plan["kind"] != "runtime":
        raise click.UsageError("Missing argument 'SUBJECT': an app id, or the name of a model or of settings.")
    body = {name: list(value) if isinstance(value, tuple) else value for name, value in plan.items() if value}
    sizes = list(stages) or ["100%"]
    if any(number > len(sizes) for number in approve_stage):
        raise click.UsageError(f"--approve-stage names a stage from 1 to {len(sizes)}.")
    body["stages"] = [{"size": size, "approval": number in approve_stage} for number, size in enumerate(sizes, 1)]
    if windows:
        body["window"] = {"spans": list(windows), "zone": zone}
    if dry_run:
        would = preview(target, body)
        click.echo(json.dumps(would, indent=2) if as_json else "\n".join(preview_lines(would)))
        return
    made = target.ask("POST", "/api/rollouts", body={**body, "subject": subject, **_by(target, by)})
    if start:
        made = target.ask("POST", f"/api/rollouts/{made['id']}/start", body=_by(target, by))
    if as_json:
        click.echo(json.dumps(made, indent=2))
        return
    click.echo(f"Rollout {made['id']} ({made['name']}) for {made['whom']} is made{' and started' if start else ''}.")
    verb = "watch" if start else "start"
    click.echo(f"Next: cygnet fleet rollout {verb} {made['id']}")


@rollout.command("list")
@json_option
@pass_target
def list_rollouts(target: Target, as_json: bool) -> None:
    """List the rollouts, the newest first.

    \b
    Example:
      cygnet fleet rollout list
    """
    answer = target.whole("/api/rollouts", "rollouts")
    if as_json:
        click.echo(json.dumps(answer, indent=2))
    else:
        tables.print_rollouts(answer)


@rollout.command()
@click.argument("number", type=click.IntRange(1))
@click.option("--devices", "state", is_flag=False, flag_value="all", help="List devices, or those in one state.")
@json_option
@pass_target
def show(target: Target, number: int, state: str | None, as_json: bool) -> None:
    """Show the rollout NUMBER: its stages, why devices failed, and what happened.

    \b
    Example:
      cygnet fleet rollout show 1
      cygnet fleet rollout show 1 --devices failed
    """
    found = target.ask("GET", f"/api/rollouts/{number}")
    if state is not None:
        params = {"limit": "1000", **({} if state == "all" else {"state": state})}
        found["devices"] = target.ask("GET", f"/api/rollouts/{number}/devices", params=params)["devices"]
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        tables.print_rollout(found)


@rollout.command()
@click.argument("number", type=click.IntRange(1))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a change, for scripts.")
@pass_target
def watch(target: Target, number: int, as_json: bool) -> None:
    """Watch the rollout NUMBER until it is done or aborted; Ctrl-C ends the watching only.

    Exit code 0: it is done. 1: it was aborted.

    \b
    Example:
      cygnet fleet rollout watch 1
    """
    if tables.watch(target.client(), number, as_json=as_json) == "aborted":
        raise SystemExit(1)


@rollout.command()
@click.argument("number", type=click.IntRange(1))
@by_option
@json_option
@pass_target
def start(target: Target, number: int, by: str | None, as_json: bool) -> None:
    """Start the rollout NUMBER.

    \b
    Example:
      cygnet fleet rollout start 1
    """
    _act(target, number, "start", as_json, **_by(target, by))


@rollout.command()
@click.argument("number", type=click.IntRange(1))
@by_option
@reason_option
@json_option
@pass_target
def pause(target: Target, number: int, by: str | None, reason: str, as_json: bool) -> None:
    """Hand nothing out any more; devices that were told already go on.

    \b
    Example:
      cygnet fleet rollout pause 1 --reason "the shops open"
    """
    _act(target, number, "pause", as_json, **_by(target, by), reason=reason)


@rollout.command()
@click.argument("number", type=click.IntRange(1))
@by_option
@json_option
@pass_target
def resume(target: Target, number: int, by: str | None, as_json: bool) -> None:
    """Go on. Failures for which it was paused are accepted and count no more.

    \b
    Example:
      cygnet fleet rollout resume 1
    """
    _act(target, number, "resume", as_json, **_by(target, by))


@rollout.command()
@click.argument("number", type=click.IntRange(1))
@click.option("--now", is_flag=True, help="Go on to the next stage, whatever this one still waits for.")
@by_option
@json_option
@pass_target
def approve(target: Target, number: int, now: bool, by: str | None, as_json: bool) -> None:
    """Say yes to the stage that waits for it.

    \b
    Example:
      cygnet fleet rollout approve 1 --by grace
    """
    _act(target, number, "approve", as_json, **_by(target, by), now=now)


@rollout.command()
@click.argument("number", type=click.IntRange(1))
@click.option("--roll-back", is_flag=True, help="Each device gets back what it had before.")
@by_option
@reason_option
@json_option
@pass_target
def abort(target: Target, number: int, roll_back: bool, by: str | None, reason: str, as_json: bool) -> None:
    """End the rollout NUMBER. What devices have got stays, unless they are rolled back.

    \b
    Example:
      cygnet fleet rollout abort 1 --roll-back --reason "it drains the battery"
    """
    _act(target, number, "abort", as_json, **_by(target, by), reason=reason, roll_back=roll_back)


@rollout.command()
@click.option("--lift", is_flag=True, help="End the emergency stop; rollouts stay paused until each is resumed.")
@by_option
@reason_option
@json_option
@pass_target
def stop(target: Target, lift: bool, by: str | None, reason: str, as_json: bool) -> None:
    """Emergency stop: pause every rollout, and take back what devices have not switched to yet.

    \b
    Example:
      cygnet fleet rollout stop --reason "smoke"
      cygnet fleet rollout stop --lift
    """
    answer = target.ask("POST", "/api/rollouts/stop", body={**_by(target, by), "reason": reason, "lift": lift})
    if as_json:
        click.echo(json.dumps(answer, indent=2))
    elif lift:
        click.echo("The emergency stop is lifted." if answer["lifted"] else "There is no emergency stop.")
    else:
        number = len(answer["stopped"])
        click.echo(f"{number} {'rollout is' if number == 1 else 'rollouts are'} stopped. Nothing is handed out until")
        click.echo("  cygnet fleet rollout stop --lift")


def _act(target: Target, number: int, verb: str, as_json: bool, **body: object) -> None:
    found = target.ask("POST", f"/api/rollouts/{number}/{verb}", body=body)
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        click.echo(f"Rollout {number} ({found['name']}) is {tables.state_words(found)}.")
