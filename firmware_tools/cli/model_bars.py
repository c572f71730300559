"""Progress of work on models: a bar on a terminal, a line a stage where there is none; on standard error."""

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class Bars:
    """Shows stages of work as :class:`firmware_tools.training.dataset.Progress` has them; ``quiet`` shows nothing."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._console = Console(stderr=True, quiet=quiet)
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> "Bars":
        if self._console.is_terminal:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._bars.stop()

    def stage(self, title: str, total: int) -> None:
        """A new stage of ``total`` steps begins."""
        if not self._console.is_terminal:
            self._console.print(title, highlight=False, markup=False, soft_wrap=True)
            return
        if self._task is not None:
            self._bars.remove_task(self._task)
        self._task = self._bars.add_task(title, total=total or None)

    def advance(self, steps: int = 1) -> None:
        """So many steps of the stage are done."""
        if self._task is not None:
            self._bars.advance(self._task, steps)
