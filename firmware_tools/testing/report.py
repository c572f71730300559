"""Telling people how a program's tests went."""

from collections import Counter
from collections.abc import Sequence

import click

from firmware_tools.testing.runner import TestResult

_SIGNS = {"passed": ("✓", "green"), "failed": ("✗", "red"), "skipped": ("-", "yellow")}


class Report:
    """Prints each result as it comes, under the name of its file."""

    def __init__(self) -> None:
        self._file = ""

    def tell(self, result: TestResult) -> None:
        """One result."""
        if result.file != self._file:
            self._file = result.file
            click.echo(click.style(result.file, bold=True))
        sign, colour = _SIGNS[result.outcome]
        duration = f" ({result.seconds:.2f} s)" if result.seconds >= 0.5 else ""
        click.echo(f"  {click.style(sign, fg=colour)} {result.name}{duration}")
        if result.outcome == "failed":
            for line in result.message.splitlines():
                click.echo(f"      {line}")
            if result.source:
                click.echo(click.style(f"      at {result.source}", dim=True))

    def print_line(self, text: str) -> None:
        """What a test prints."""
        click.echo(click.style(f"      {text}", dim=True))

    def end(self, results: Sequence[TestResult], seconds: float) -> None:
        """The sum."""
        counts = Counter(result.outcome for result in results)
        parts = [f"{counts[outcome]} {outcome}" for outcome in ("passed", "failed", "skipped") if counts[outcome]]
        click.secho(f"{', '.join(parts) or 'no tests'} in {seconds:.1f} s", fg="red" if counts["failed"] else "green")
