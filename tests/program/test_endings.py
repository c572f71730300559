"""What is told of why a program ended."""

import pytest

from device_runtime.engine.workers import describe_status
from device_runtime.errors import CygnetError
from device_runtime.program.endings import UNTOLD, own_words_stay, told_ending
from device_runtime.program.session import SessionError


@pytest.mark.parametrize(
    "reason",
    [
        "",
        "it was stopped",
        "it needs more than the 64 MB it may have",
        "it needs more than the 12.5 s of processor time that it may use in a minute",
        "it did not show its first page within 7.5 s",
        *(f"its worker ended: {describe_status(status)}" for status in (None, 0, 256, 9, 14, 31)),
    ],
)
def test_the_devices_own_sentence_is_told(reason: str) -> None:
    assert told_ending(reason) == reason


@pytest.mark.parametrize(
    "reason",
    [
        "the runtime failed: ValueError: 46.948,7.447",
        "it needs more than the 64 MB it may have at 46.948",
        "46.948 it was stopped",
        "it needs more than the 46.94823174 MB it may have",
        "it was stopped\n46.948",
    ],
)
def test_words_of_a_program_are_not(reason: str) -> None:
    assert told_ending(reason) == UNTOLD


def test_a_program_that_does_not_start_is_told_without_its_words_and_anything_else_as_it_is() -> None:
    def fail(error: CygnetError) -> None:
        with own_words_stay():
            raise error

    with pytest.raises(CygnetError, match=r"^a cannot be started: its own words"):
        fail(SessionError("a cannot be started: 46.948", "a cannot be started: its own words"))
    with pytest.raises(CygnetError, match=r"^the disk is full$"):
        fail(CygnetError("the disk is full"))


def test_what_is_told_of_an_error_is_its_sentence_unless_that_has_a_programs_words() -> None:
    errors: list[CygnetError] = [
        CygnetError("the disk is full"),
        SessionError("a does not run"),
        SessionError("a cannot be started: 46.948", "a cannot be started: its own words"),
    ]
    assert [error.told for error in errors] == [
        "the disk is full", "a does not run", "a cannot be started: its own words",
    ]  # fmt: skip
