"""Desired documents on their way out: which are published, and which need not be once more."""

import time

import pytest

from device_runtime.sync.messages import Desired
from firmware_tools.fleet.outgoing import SENT_LATELY, Outgoing


def document(version: int, device: str = "kitchen") -> Desired:
    return Desired("north", device, version, 1_700_000_000, {})


def remembering() -> Outgoing:
    outgoing = Outgoing()
    outgoing.begin_anew(remembers=True)
    return outgoing


async def taken(outgoing: Outgoing, asked: Desired, held: dict[str, int]) -> list[int]:
    """The versions that go out when a device asks; a document of another device goes along, so that something does."""
    outgoing.put_answers([asked], held)
    outgoing.put_all([document(1, "other")])
    return [each.version for each in await outgoing.take(10) if each.device == "kitchen"]


async def test_who_has_just_been_sent_what_it_holds_is_not_sent_it_once_more_but_when_it_asks_again() -> None:
    outgoing = remembering()
    outgoing.note_sent([document(3)])
    assert await taken(outgoing, document(3), {"kitchen": 3}) == []
    assert await taken(outgoing, document(3), {"kitchen": 3}) == [3], "it may not have been able to read it"


@pytest.mark.parametrize(
    ("asked", "held"),
    [(3, {"kitchen": 2}), (3, {"kitchen": 0}), (4, {"kitchen": 3}), (4, {"kitchen": 4}), (3, {})],
    ids=["holds an older one", "holds none", "a newer one is there", "another was sent", "did not ask"],
)
async def test_it_is_sent_whatever_may_be_new_to_it(asked: int, held: dict[str, int]) -> None:
    outgoing = remembering()
    outgoing.note_sent([document(3)])
    assert await taken(outgoing, document(asked), held) == [asked]


async def test_what_was_sent_long_ago_or_to_a_broker_that_forgot_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    outgoing = remembering()
    outgoing.note_sent([document(3)])
    outgoing.begin_anew(remembers=True)
    assert await taken(outgoing, document(3), {"kitchen": 3}) == [3]
    outgoing.note_sent([document(3)])
    later = time.monotonic() + SENT_LATELY
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert await taken(outgoing, document(3), {"kitchen": 3}) == [3]


async def test_where_other_keys_may_sign_whoever_asks_for_what_it_holds_is_answered() -> None:
    outgoing = Outgoing()
    outgoing.note_sent([document(3)])
    assert await taken(outgoing, document(3), {"kitchen": 3}) == [3], "the fleet has only just started"
    outgoing.begin_anew(remembers=False)
    outgoing.note_sent([document(3)])
    assert await taken(outgoing, document(3), {"kitchen": 3}) == [3], "all documents have changed"
