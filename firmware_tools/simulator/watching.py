"""Hearing of saved files: many changes in a row are one."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator
from pathlib import Path

from watchfiles import Change, DefaultFilter, awatch

from device_runtime.errors import CygnetError

logger = logging.getLogger(__name__)

_QUIET_MILLISECONDS = 60
_LONGEST_MILLISECONDS = 500
_POLL_MILLISECONDS = 300


class _SourceFilter(DefaultFilter):
    """Leaves out what editors, packers and version control write beside the source."""

    ignore_dirs = (*DefaultFilter.ignore_dirs, "dist", "miniprogram_dist")
    ignore_entity_patterns = (*DefaultFilter.ignore_entity_patterns, r"\.ma$", r"\.ma\.new$", r"^\.", r"^4913$")

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self._directory = directory

    def __call__(self, change: Change, path: str) -> bool:
        # A folder above the source may have a name that is ignored below it.
        with contextlib.suppress(ValueError):
            path = str(Path(path).relative_to(self._directory))
        return super().__call__(change, path)


async def watch_folder(folder: Path, ended: asyncio.Event) -> AsyncGenerator[set[str], None]:
    """The paths that have changed, each time that files have been saved, until ``ended`` is set. ``folder`` is an
    absolute path without links.

    Raises:
        CygnetError: the folder cannot be watched.
    """
    polling = False
    while True:
        try:
            async for changes in awatch(
                folder,
                watch_filter=_SourceFilter(folder),
                debounce=_LONGEST_MILLISECONDS,
                step=_QUIET_MILLISECONDS,
                poll_delay_ms=_POLL_MILLISECONDS,
                force_polling=polling or None,
                stop_event=ended,
            ):
                yield {path for _, path in changes}
        except FileNotFoundError as error:
            raise CygnetError(f"the folder {folder} has gone") from error
        except OSError as error:
            if polling:
                raise CygnetError(f"the folder {folder} cannot be watched: {error.strerror or error}") from error
            # Mostly the number of folders that may be watched (fs.inotify.max_user_watches) is used up.
            logger.warning("the folder is looked at every %d ms, since %s", _POLL_MILLISECONDS, error)
            polling = True
        else:
            return
