"""Work of the fleet's service that goes on beside everything else, and does not end in silence."""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

log = logging.getLogger(__name__)


@asynccontextmanager
async def going_on(work: Coroutine[Any, Any, None], name: str) -> AsyncIterator[None]:
    """Do ``work`` for the length of an ``async with`` block; a fault that ends it before is told by ``name``."""
    task = asyncio.get_running_loop().create_task(work, name=name)
    task.add_done_callback(_log_fault)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _log_fault(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("a part of the fleet (%s) goes on no more: restart the fleet", task.get_name(), exc_info=error)
