"""``cygnet program apis``: what each name of ``wx`` and ``swan`` does here."""

import dataclasses
import difflib
import json

import click

from device_runtime.errors import CygnetError


@click.command()
@click.argument("name", default="")
@click.option("--missing", is_flag=True, help="Only what is not here, or only partly.")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.option("--markdown", is_flag=True, help="The page docs/apis.md.")
def apis(name: str, missing: bool, as_json: bool, markdown: bool) -> None:
    """Say what `wx.NAME` (or `swan.NAME`) does here: all names, if none is given.

    \b
    Example:
      cygnet program apis
      cygnet program apis downloadFile
      cygnet program apis --missing
    """
    from device_runtime.program.apis import api_table
    from firmware_tools.build.api_page import WORDS, api_page

    table = api_table()
    if markdown:
        click.echo(api_page(table), nl=False)
        return
    wanted = name.removeprefix("wx.").removeprefix("swan.")
    chosen = [
        api
        for api in table.apis.values()
        if (not wanted or api.name == wanted) and not (missing and api.support == "full")
    ]
    if wanted and wanted not in table.apis:
        nearest = difflib.get_close_matches(wanted, table.apis, 1)
        hint = f"did you mean {nearest[0]}?" if nearest else "a program that calls it gets `not supported on this host`"
        raise CygnetError(f"neither wx nor swan has {wanted!r}; {hint}")
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(api) for api in chosen], indent=2, ensure_ascii=False))
        return
    width = max((len(api.name) for api in chosen), default=0)
    for api in chosen:
        click.echo(f"{api.name:{width}}  {WORDS[api.support]:6}  {_remark(api.note, api.instead)}".rstrip())
        if wanted:
            _details(api.needs, api.permission, api.lacks)
    if not wanted:
        counts = [f"{sum(api.support == support for api in chosen)} {word}" for support, word in WORDS.items()]
        click.echo(f"\n{len(chosen)} names: {', '.join(counts)}")


def _remark(note: str, instead: str) -> str:
    return f"{note}; instead: {instead}" if note and instead else note


def _details(needs: str, permission: str, lacks: tuple[str, ...]) -> None:
    if needs:
        click.echo(f"  needs a host with {needs}")
    if permission:
        click.echo(f"  needs the permission {permission} in cygnet.json")
    if lacks:
        click.echo(f"  without {', '.join(lacks)}")
