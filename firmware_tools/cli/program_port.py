"""``cygnet program port``: a WeChat or SWAN program as a package, and a report of what this host cannot do."""

import json
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from device_runtime.errors import CygnetError
from device_runtime.host.board import find_board
from firmware_tools.build.program import write_package
from firmware_tools.port import porting
from firmware_tools.port.documents import report_document
from firmware_tools.port.findings import Report
from firmware_tools.port.terminal import show_report
from firmware_tools.port.web import report_page
from firmware_tools.sign.keys import developer_key_path, load_or_create_private_key, load_private_key

_REFUSALS = 12  # shown on the terminal


@click.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="[default: DIRECTORY's name with .ma]",
)
@click.option(
    "--report", "folder", type=click.Path(path_type=Path, file_okay=False), default=Path(),
    help="Folder for port-report.html and port-report.json. [default: this one]",
)  # fmt: skip
@click.option("--board", "board_name", default="", help="Answer for this board: its name, or its file.")
@click.option("--write-manifest", is_flag=True, help="Write the proposed cygnet.json, if the program has none.")
@click.option("--strict", is_flag=True, help="Fail if anything is not supported, too.")
@click.option("--key", "key_path", type=click.Path(path_type=Path, dir_okay=False), help="Private key to sign with.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON, for scripts.")
@click.pass_context
def port(
    context: click.Context,
    directory: Path,
    output: Path | None,
    folder: Path,
    board_name: str,
    write_manifest: bool,
    strict: bool,
    key_path: Path | None,
    as_json: bool,
) -> None:
    """Build the WeChat or SWAN program in DIRECTORY, and report what of it this host cannot do.

    The report says each API, component, attribute and setting that is not here, where it is used, how often, and what
    to do instead. It fails if the package cannot be built.

    \b
    Example:
      cygnet program port my-program
      cygnet program port my-program --board rpi4-headunit --report reports
      cygnet program port my-program --write-manifest --strict
    """
    board = find_board(board_name) if board_name else None
    key = load_private_key(key_path) if key_path else load_or_create_private_key(developer_key_path())
    with _progress(as_json) as progress:
        task = progress.add_task("Reading the program", total=None)

        def tell(step: porting.Progress) -> None:
            progress.update(task, description=step.step, completed=step.done, total=step.total)

        ported = porting.port_program(directory, key, board, write_manifest, tell)
    report = ported.report
    if ported.built is not None:
        path = output or Path(f"{directory.resolve().name}.ma")
        write_package(ported.built.data, path)
        report.package = str(path)
    written = _write(report, folder)
    if as_json:
        click.echo(json.dumps(report_document(report), indent=2, ensure_ascii=False))
    else:
        _show(report, written)
    if not report.built or (strict and report.unsupported):
        context.exit(1)


def _progress(quiet: bool) -> Progress:
    """A bar while it takes long, on terminals only; it goes when it is done."""
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}", style="dim"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=console, transient=True, disable=quiet or not console.is_terminal,
    )  # fmt: skip


def _write(report: Report, folder: Path) -> list[Path]:
    page, document = folder / "port-report.html", folder / "port-report.json"
    text = json.dumps(report_document(report), indent=1, ensure_ascii=False) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        page.write_text(report_page(report), encoding="utf-8")
        document.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CygnetError(f"the report cannot be written to {folder}: {error.strerror}") from error
    return [page, document]


def _show(report: Report, written: list[Path]) -> None:
    console = Console(highlight=False, soft_wrap=False)
    show_report(console, report)
    if not report.manifest_file and report.manifest:
        console.print("There is no cygnet.json; this one grants what the code seems to need (--write-manifest):")
        console.print_json(json.dumps(report.manifest, ensure_ascii=False))
        console.print()
    for refusal in report.refusals[:_REFUSALS]:
        click.echo(f"{click.style('refused:', fg='red', bold=True)} {refusal}", err=True)
    if len(report.refusals) > _REFUSALS:
        click.echo(f"… and {len(report.refusals) - _REFUSALS} more in the report", err=True)
    if report.built:
        click.echo(f"{report.package}: {report.size:,} bytes, sha256 {report.sha256[:16]}…")
    else:
        click.echo("The package was not built.", err=True)
    click.echo(f"The whole report: {written[0]} and {written[1].name}")
