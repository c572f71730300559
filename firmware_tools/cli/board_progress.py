"""Progress of boards on the terminal: one line each, or plain lines where there is no terminal."""

import sys
import threading
from types import TracebackType

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text


class Display:
    """Shows how far jobs are, on standard error; ``quiet`` shows nothing.

    Use it as a context; ``line(name)`` gives a job its line.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._console = Console(stderr=True, quiet=quiet)
        self._lock = threading.Lock()
        self.interrupted = threading.Event()
        """Somebody does not want to wait any longer for what can be left."""
        self._bars = Progress(
            TextColumn("{task.fields[name]}"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
        )

    def __enter__(self) -> "Display":
        if self._console.is_terminal:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._bars.stop()

    def line(self, name: str) -> "Line":
        """A line for a job."""
        return Line(self, name)

    def say(self, text: str) -> None:
        """A line of result, on standard output; above the bars, where both are on one terminal."""
        if self._console.is_terminal and sys.stdout.isatty():
            self._console.print(Text.from_ansi(text), soft_wrap=True)
        else:
            click.echo(text)

    def begin(self, name: str, text: str, total: int, task: TaskID | None) -> TaskID | None:
        """A step begins: a new state of the job's line."""
        if not self._console.is_terminal:
            with self._lock:
                self._console.print(f"{name}: {text}", highlight=False, markup=False, soft_wrap=True)
            return None
        if task is None:
            return self._bars.add_task(text, total=total or None, name=name)
        self._bars.reset(task, description=text, total=total or None)
        return task

    def at(self, task: TaskID | None, done: int) -> None:
        """How far a step is."""
        if task is not None:
            self._bars.update(task, completed=done)

    def end(self, task: TaskID | None) -> None:
        """The job of a line has ended."""
        if task is not None:
            self._bars.remove_task(task)


class Line:
    """One job's progress, as `firmware_tools.flash.job.Progress` has it."""

    def __init__(self, display: Display, name: str) -> None:
        self._display, self._name = display, name
        self._task: TaskID | None = None

    def step(self, text: str, total: int = 0) -> None:
        self._task = self._display.begin(self._name, text, total, self._task)

    def at(self, done: int) -> None:
        self._display.at(self._task, done)

    def is_over(self) -> bool:
        """Whether nobody waits for it any more."""
        return self._display.interrupted.is_set()

    def end(self) -> None:
        """The job has ended."""
        self._display.end(self._task)
        self._task = None
