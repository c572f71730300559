"""``cygnet fleet screen``: ask to see a device's screen, and read it."""

import asyncio
import json
import sys
import time
from typing import Any

import click

from firmware_tools.cli.fleet_rollout import by_option
from firmware_tools.cli.fleet_target import Target, pass_target
from firmware_tools.fleet.client import FleetClient, segment
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.screen.reasons import sentence
from firmware_tools.fleet.screen.texts import ScreenTexts, changed


@click.command()
@click.argument("device")
@by_option
@click.option("--json", "as_json", is_flag=True, help="Print each event as one line of JSON, for scripts.")
@pass_target
def screen(target: Target, device: str, by: str, as_json: bool) -> None:
    """Ask the person at DEVICE to show its screen, and read what it shows until Ctrl-C.

    The person sees who asks, and can end it at any time. Lines with + came, lines with - went. Exits with 1 where the
    person or the device refuses.

    \b
    Example:
      cygnet fleet screen kitchen
    """
    asyncio.run(_look(target.client(), device, by, as_json=as_json))


async def _look(client: FleetClient, device: str, by: str, *, as_json: bool) -> None:
    path = f"/api/devices/{segment(device)}/screen"
    number = (await client.call("POST", path, body={"by": by}))["id"]
    ended = False
    try:
        reader = _Reader(device)
        async for line in client.lines(path, {"id": number, "by": by}):
            if not line.startswith(b"data: "):
                continue
            event = json.loads(line[6:])
            ended = event["state"] in ("refused", "ended")
            if as_json:
                click.echo(json.dumps(event))
            elif not ended:
                reader.show(event)
            sys.stdout.flush()
            if event["state"] == "refused":
                raise FleetError(f"{device} does not show its screen: {sentence(event['reason'])}")
            if ended and not as_json:
                click.echo(f"It has ended: {sentence(event['reason'])}")
        if not ended:
            raise FleetError("the fleet ended the stream before the look had ended")
    finally:
        if not ended:  # Ctrl-C
            await client.call("DELETE", path)


class _Reader:
    """Prints what changes."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._state = ""
        self._texts = ScreenTexts()
        self._before: list[str] = []

    def show(self, event: dict[str, Any]) -> None:
        """One event of a look."""
        if event["state"] != self._state:
            self._state = event["state"]
            if self._state == "asked":
                click.echo(f"The person at {self._device} is asked …")
            else:
                until = time.strftime("%H:%M:%S", time.localtime(event["until"]))
                click.echo(f"{self._device} shows its screen until {until} at the latest; Ctrl-C ends it.")
        if "messages" not in event:
            return
        self._texts.take(event["messages"])
        after = self._texts.lines()
        for line in changed(self._before, after):
            click.echo(line)
        self._before = after
