"""Many jobs at once, each with a result of its own, and a record of them as CSV."""

import csv
import datetime
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from firmware_tools.flash.backend import Backend
from firmware_tools.flash.drive_backends import forget_claims
from firmware_tools.flash.errors import FlashError
from firmware_tools.flash.job import Job, Progress
from firmware_tools.spreadsheets import write_row

_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one board; the columns of the record. ``result`` is ``ok`` or the kind of the failure."""

    started: str
    place: str
    board: str
    identity: str
    firmware: str
    sha256: str
    bytes: int
    seconds: float
    result: str
    detail: str


def run_jobs(
    jobs: Sequence[Job], backend: Backend, progress: Callable[[Job], Progress], done: Callable[[Result], None]
) -> list[Result]:
    """Run all jobs, at most eight at once; one that fails stops no other. ``done`` is told of each as it ends."""
    lock = threading.Lock()
    forget_claims()

    def one(job: Job) -> Result:
        result = _run(job, backend, progress(job))
        with lock:
            done(result)
        return result

    if len(jobs) == 1:
        return [one(jobs[0])]  # in this thread, so that Ctrl-C ends it
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        return list(pool.map(one, jobs))


def _run(job: Job, backend: Backend, progress: Progress) -> Result:
    started, begun = datetime.datetime.now(datetime.UTC), time.monotonic()
    written, identity = 0, ""
    try:
        outcome = backend.flash(job, progress)
    except FlashError as error:
        kind, detail, identity = str(error.kind), str(error), error.identity
    else:
        kind, detail, written, identity = "ok", outcome.seen, outcome.written, outcome.identity
    seconds = round(time.monotonic() - begun, 1)
    return Result(
        started=started.isoformat(timespec="seconds"),
        place=job.place,
        board=job.board.name,
        identity=identity,
        firmware=job.firmware.path.name,
        sha256=job.firmware.sha256,
        bytes=written,
        seconds=seconds,
        result=kind,
        detail=detail,
    )


class Record:
    """A CSV file that grows by one line a board; it may have been begun by an earlier run.

    Raises:
        FlashError: it cannot be written, or has other columns.
    """

    _COLUMNS = tuple(item.name for item in fields(Result))

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            begun = path.exists() and path.stat().st_size > 0
            if begun:
                with path.open(encoding="utf-8", newline="") as file:
                    columns = tuple(next(csv.reader(file), ()))
                if columns != self._COLUMNS:
                    raise FlashError(
                        "firmware", f"{path} is no record of boards (its first line is another); name another file"
                    )
            else:
                self._append(self._COLUMNS)
        except OSError as error:
            raise self._failed(error) from error

    def add(self, result: Result) -> None:
        """Append one result, and leave nothing of it in memory."""
        try:
            self._append(tuple(asdict(result).values()))
        except OSError as error:
            raise self._failed(error) from error

    def _append(self, row: tuple[object, ...]) -> None:
        with self._path.open("a", encoding="utf-8", newline="") as file:
            write_row(file, row)

    def _failed(self, error: OSError) -> FlashError:
        return FlashError("full", f"the record {self._path} cannot be written: {error.strerror}; name another file")
