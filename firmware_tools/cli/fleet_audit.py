"""``cygnet fleet audit``: who did what, and whether the log of it is whole."""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import click

from firmware_tools.cli.fleet_target import Target, json_option, pass_target
from firmware_tools.fleet.errors import FleetError, SilentFleetError

_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.group()
def audit() -> None:
    """Read and check the log of who did what. Entries are chained and signed; nothing deletes or changes one.

    \b
    Example:
      cygnet fleet audit list --actor ada
      cygnet fleet audit verify
    """


@audit.command("list")
@click.option("--actor", default="", help="Only what this account did (owner: the operator token; fleet: itself).")
@click.option("--action", default="", help="Only this action, as rollout.abort, or all of a kind, as rollout.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000), help="At most so many.")
@click.option("--before", type=click.IntRange(1), help="Only entries with a lower number.")
@json_option
@pass_target
def list_entries(target: Target, actor: str, action: str, limit: int, before: int | None, as_json: bool) -> None:
    """List entries, the newest last.

    \b
    Example:
      cygnet fleet audit list --action session --limit 20
    """
    params = {"limit": str(limit), "actor": actor, "action": action}
    answer = target.ask("GET", "/api/audit", params=params | ({} if before is None else {"after": str(before)}))
    if as_json:
        click.echo(json.dumps(answer, indent=2))
        return
    for entry in reversed(answer["entries"]):
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(entry["time"]))
        outcome = "" if entry["outcome"] == "done" else f" {entry['outcome'].upper()}"
        detail = json.dumps(entry["detail"], ensure_ascii=False) if entry["detail"] else ""
        who = f"{entry['actor']} ({entry['role']})"
        click.echo(
            f"{entry['number']:>6} {when} {who:24} {entry['action']} {entry['subject']}{outcome} {detail}".rstrip()
        )
    if answer["fault"]:
        raise FleetError(f"the audit log was altered: {answer['fault']}")


@audit.command()
@click.option("--file", type=_FILE, help="Check an exported log instead; needs no fleet, only its public key.")
@click.option("--key", "keys", multiple=True, help="Public key of the fleet (fleet_key of any provisioning file).")
@click.option("--against", type=_FILE, help="An earlier export: what it holds must be in the newer one as it was.")
@json_option
@pass_target
def verify(target: Target, file: Path | None, keys: tuple[str, ...], against: Path | None, as_json: bool) -> None:
    """Check that nobody changed, inserted, removed or reordered an entry, or cut off the end.

    Exit code 0: the log is whole. 1: it is not; the first wrong entry is named.

    \b
    Example:
      cygnet fleet audit verify
      cygnet fleet audit verify --file audit.jsonl --key 'bS2…=' --against last-month.jsonl
    """
    if file is None and (keys or against):
        raise click.UsageError("--key and --against belong to --file")
    found = _verify_running(target) if file is None else _verify_file(target, file, keys, against)
    if as_json:
        click.echo(json.dumps(found, indent=2))
    if not found["whole"]:
        raise FleetError(f"the audit log is not whole: {found['fault']['sentence']}")
    if not as_json:
        waiting = found["entries"] - found["signed"]
        tail = f"; the last {waiting} wait for the next signature" if waiting > 0 else ""
        click.echo(f"The audit log is whole: {found['entries']} entries, signed up to entry {found['signed']}{tail}.")
        if "signed_at" in found:
            click.echo(f"The last signature is of {found['signed_at']}: what came later is not in this file.")


@audit.command()
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write here; otherwise it is printed.")
@pass_target
def export(target: Target, out: Path | None) -> None:
    """Write the whole log with its signatures, as JSON lines that can be checked elsewhere.

    Keep exports where who administers the fleet cannot change them: the next one is checked against the last.

    \b
    Example:
      cygnet fleet audit export --out audit.jsonl
    """

    async def run() -> None:
        lines = target.client().lines("/api/audit/export", {})
        if out is None:
            async for line in lines:
                sys.stdout.buffer.write(line)
            return
        aside = out.with_name(out.name + ".part")
        with aside.open("wb") as file:
            async for line in lines:
                file.write(line)
        aside.replace(out)

    try:
        asyncio.run(run())
    except OSError as error:
        raise FleetError(f"{out or 'standard output'} cannot be written: {error.strerror}") from error
    if out is not None:
        click.echo(f"{out} holds the audit log. Check it with: cygnet fleet audit verify --file {out} --key KEY")


@audit.command()
@click.option("--reason", required=True, help="Why the log is shorter than what the fleet signed.")
@pass_target
def accept(target: Target, reason: str) -> None:
    """Go on with the log of an older database that was restored. Works at the fleet's home.

    It appends an entry that says so, with your name and the reason, and from which entry on the log was lost. A log of
    which an entry was changed is not accepted.

    \b
    Example:
      cygnet fleet audit accept --reason "the disk died; the backup of Monday was restored"
    """
    from firmware_tools.fleet.audit.home import accept_restored

    sentence = accept_restored(target.home, reason)
    click.echo(f"Accepted: {sentence}")


def _verify_running(target: Target) -> dict[str, Any]:
    try:
        found: dict[str, Any] = target.ask("GET", "/api/audit/verify")
    except SilentFleetError:
        if target.url:
            raise
    else:
        return found
    # Nobody serves it: the home has all that it takes.
    from firmware_tools.fleet.audit.home import keeper_at_home

    keeper, database = keeper_at_home(target.home)
    try:
        return keeper.verify_now().document()
    finally:
        database.close()


def _verify_file(target: Target, file: Path, keys: tuple[str, ...], against: Path | None) -> dict[str, Any]:
    from device_runtime.keys import decode_public_key, key_ring
    from firmware_tools.fleet.audit.export import ExportedLog, verify_export
    from firmware_tools.sign.keys import load_private_key

    if keys:
        public = [decode_public_key(key) for key in keys]
    elif not target.url and target.home.settings_file.exists():
        private = [load_private_key(target.home.key_file), *target.home.former_keys()]
        public = [key.public_key() for key in private]
    else:
        raise click.UsageError("--file needs --key: the keys that the file names itself prove nothing")
    log = ExportedLog(file)
    verdict = verify_export(log, key_ring(public), None if against is None else ExportedLog(against))
    found = verdict.document()
    if verdict.whole:
        last = max(log.checkpoints, key=lambda checkpoint: checkpoint.number)
        found["signed_at"] = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(last.milliseconds / 1000))
    return found
