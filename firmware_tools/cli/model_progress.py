"""Progress of the lab on the terminal: one bar for the stage, or a line a stage where there is no terminal."""

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class LabProgress:
    """A :class:`firmware_tools.training.dataset.Progress` on standard error. Use it as a context."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._console = Console(stderr=True, quiet=quiet)
        self._bars = Progress(
            TextColumn("{task.description}"), BarColumn(bar_width=24), MofNCompleteColumn(), TimeElapsedColumn(),
            console=self._console, transient=True,
        )  # fmt: skip
        self._task: TaskID | None = None

    def __enter__(self) -> "LabProgress":
        if self._console.is_terminal:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._console.is_terminal:  # else it writes an empty line
            self._bars.stop()

    def stage(self, title: str, total: int) -> None:
        if not self._console.is_terminal:
            self._console.print(title, highlight=False, markup=False, soft_wrap=True)
        elif self._task is None:
            self._task = self._bars.add_task(title, total=total)
        else:
            self._bars.reset(self._task, description=title, total=total)

    def advance(self, steps: int = 1) -> None:
        if self._task is not None:
            self._bars.advance(self._task, steps)
