"""Requests that wait for their answer: thousands may, none for long, and nobody takes the room of all."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

import pytest

from firmware_tools.fleet import request_queue
from firmware_tools.fleet.request_queue import AT_ONCE, MOST_OF_ONE, MOST_WAITING, RequestQueue
from tests.fleet.devices import eventually


class Desk:
    """Answers requests when it is let, and fails at those that are negative."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.answered: list[tuple[str, int]] = []
        self.dropped = self.busy = self.busiest = 0
        self.tasks: set[asyncio.Task[None]] = set()
        self.queue: RequestQueue[int] = RequestQueue(self._answer, self._start, self._drop)

    async def _answer(self, device: str, request: int) -> None:
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        try:
            await self.open.wait()
            if request < 0:
                raise ValueError("a fault of the desk's")
            self.answered.append((device, request))
        finally:
            self.busy -= 1

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)

    def _drop(self) -> None:
        self.dropped += 1


async def busy_desk() -> Desk:
    """One with a request in each hand."""
    desk = Desk()
    for number in range(AT_ONCE):
        desk.queue.put(f"busy-{number}", number)
    await eventually(lambda: desk.busy == AT_ONCE, "all hands are busy")
    return desk


async def test_thousands_that_ask_at_once_are_all_answered_some_at_a_time() -> None:
    desk = Desk()
    wanted = [(f"device-{number}", number) for number in range(10_000)]
    for device, number in wanted:
        desk.queue.put(device, number)
    await eventually(lambda: desk.busy == AT_ONCE, "all hands are busy")
    desk.open.set()
    await eventually(lambda: len(desk.answered) == len(wanted), "all are answered")
    assert sorted(desk.answered) == sorted(wanted)
    assert desk.busiest == AT_ONCE
    assert desk.dropped == 0


async def test_what_one_device_asks_beyond_measure_is_dropped_and_the_others_are_answered() -> None:
    desk = await busy_desk()
    for number in range(3 * MOST_OF_ONE):
        desk.queue.put("greedy", number)
    desk.queue.put("modest", 1)
    assert desk.dropped == 2 * MOST_OF_ONE
    desk.open.set()
    await eventually(lambda: ("modest", 1) in desk.answered, "the other is answered")
    assert [number for device, number in desk.answered if device == "greedy"] == list(range(MOST_OF_ONE))
    desk.queue.put("greedy", 1000)
    await eventually(lambda: ("greedy", 1000) in desk.answered, "it may ask again")


async def test_a_burst_of_one_device_is_answered_while_there_are_hands() -> None:
    desk = Desk()
    for number in range(3 * MOST_OF_ONE):
        desk.queue.put("eager", number)
    desk.open.set()
    await eventually(lambda: len(desk.answered) == 3 * MOST_OF_ONE, "all are answered")
    assert desk.dropped == 0


async def test_those_that_ask_over_the_topics_of_one_are_told_apart() -> None:
    desk = await busy_desk()
    for number in range(2 * MOST_OF_ONE):
        desk.queue.put("claim-0123", number, f"claim-0123 {number}")
    assert desk.dropped == 0


async def test_what_waits_when_nobody_would_hear_the_answer_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_queue, "AT_ONCE", 1)
    desk = Desk()
    desk.queue.put("first", 1)
    await eventually(lambda: desk.busy == 1, "it is being answered")
    desk.queue.put("second", 2)
    desk.queue.forget()
    desk.open.set()
    desk.queue.put("third", 3)
    await eventually(lambda: ("third", 3) in desk.answered, "what comes later is answered")
    assert desk.answered == [("first", 1), ("third", 3)]


async def test_a_hand_that_is_cancelled_is_free_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_queue, "AT_ONCE", 1)
    desk = Desk()
    desk.queue.put("first", 1)
    await eventually(lambda: desk.busy == 1, "it is being answered")
    for task in desk.tasks:
        task.cancel()
    await eventually(lambda: desk.busy == 0, "it ends")
    desk.open.set()
    desk.queue.put("second", 2)
    await eventually(lambda: desk.answered == [("second", 2)], "the next is answered")


async def test_no_more_wait_than_there_is_memory_for() -> None:
    desk = await busy_desk()
    for number in range(MOST_WAITING + 5):
        desk.queue.put(f"device-{number}", number)
    assert desk.dropped == 5


async def test_what_waited_so_long_that_its_device_has_asked_again_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_queue, "AT_ONCE", 1)
    desk = Desk()
    desk.queue.put("first", 1)
    await eventually(lambda: desk.busy == 1, "it is being answered")
    desk.queue.put("second", 2)
    monkeypatch.setattr(request_queue, "PATIENCE", -1.0)
    desk.open.set()
    await eventually(lambda: desk.dropped == 1, "the second is dropped")
    assert desk.answered == [("first", 1)]


async def test_an_answer_that_fails_keeps_nobody_from_theirs(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "asyncio")
    monkeypatch.setattr(request_queue, "AT_ONCE", 1)
    desk = Desk()
    for number in (-1, 1, -2, 2):
        desk.queue.put(f"device-{number}", number)
    desk.open.set()
    await eventually(lambda: len(desk.answered) == 2, "the others are answered")
    faults = [task.exception() for task in desk.tasks if task.done() and task.exception() is not None]
    assert len(faults) == 2, "each fault is told by its task"
