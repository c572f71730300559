"""An attacker who owns a worker sends the host whatever he likes."""

import asyncio

import pytest

from tests.isolation import channel_attacks
from tests.isolation.attacker import ATTACKS
from tests.isolation.siege import Siege

pytestmark = pytest.mark.asyncio(loop_scope="module")

_NO_FRAME = "ended: its worker sent what is no frame: "
_ENDINGS = {
    "announce_a_frame_of_a_gigabyte": _NO_FRAME + "a frame announces 1073741824 bytes",
    "send_garbage": _NO_FRAME + "a frame is not msgpack",
    "send_an_empty_frame": _NO_FRAME + "a frame is not msgpack",
    "nest_ten_thousand_lists": _NO_FRAME + "a frame is not msgpack",
    "nest_ten_thousand_maps_in_a_request": _NO_FRAME + "a frame is not msgpack",
    "promise_a_list_of_four_thousand_million_items": _NO_FRAME + "a frame is not msgpack",
    "send_sixteen_million_empty_lists": _NO_FRAME + "a frame is not msgpack: 16777116 exceeds",
    "send_three_hundred_thousand_empty_lists": _NO_FRAME
    + "a frame is not msgpack: it holds more values than a frame may",
    "send_a_key_of_sixteen_megabytes": _NO_FRAME + "a stack event has the wrong members",
    "send_keys_that_are_no_text": _NO_FRAME + "a frame is not msgpack",
    "send_an_extension_of_msgpack": _NO_FRAME + "a frame is not msgpack: it holds an extension",
    "send_a_kind_that_is_not_there": _NO_FRAME + "a frame is not a list that starts with a known kind",
    "send_a_launch_to_the_host": _NO_FRAME + "a worker may not send",
    "answer_a_request_that_the_host_never_made": _NO_FRAME + "a worker may not send",
    "inspect_where_nobody_inspects": _NO_FRAME + "a worker may not send",
    "send_a_patch_of_no_operations_that_are_known": _NO_FRAME + "a patch holds what is no operation",
    "send_a_patch_of_too_many_operations": _NO_FRAME + "a patch of 4001 operations",
    "send_a_patch_with_one_field_more": _NO_FRAME + "a patch frame has the wrong fields",
    "send_an_answer_back": _NO_FRAME + "a worker may not send",
    "show_a_thousand_pages": _NO_FRAME + "a stack event holds 1000 pages",
    "close_in_the_middle_of_a_frame": "ended: its worker ended: it ended with exit code 1",
}
"""What the host says of those that it ends."""
_ENDLESS = [name for name in ATTACKS if name.startswith("flood_")] + [
    "never_read",
    "send_one_byte_at_a_time",
    "announce_the_largest_frame_and_send_nothing",
]
_OTHERS = [
    name
    for name, function in ATTACKS.items()
    if function.__module__ == channel_attacks.__name__ and name not in _ENDINGS and name not in _ENDLESS
]


@pytest.mark.parametrize("name", _ENDINGS)
async def test_what_is_no_frame_of_a_worker_ends_it_and_the_neighbour_goes_on(board: Siege, name: str) -> None:
    attacker = await board.attack(name)
    reason = await board.heard.exit(attacker)
    assert f"ended: {reason}".startswith(_ENDINGS[name])
    await board.tap_the_neighbour()


@pytest.mark.parametrize("name", _OTHERS)
async def test_what_a_worker_may_send_gets_it_nothing_of_others(board: Siege, name: str) -> None:
    attacker = await board.attack(name)
    assert await board.outcome(attacker) == "survived"
    await board.tap_the_neighbour()
    await board.sessions.stop(attacker.app_id)
    assert board.heard.exits[attacker.app_id] == [""]


@pytest.mark.parametrize("name", _ENDLESS)
async def test_the_neighbour_is_served_while_a_worker_sends_without_end(board: Siege, name: str) -> None:
    attacker = await board.attack(name)
    for _ in range(5):
        await board.tap_the_neighbour()
    await board.sessions.stop(attacker.app_id)


async def test_a_request_counts_as_the_program_s_whose_socket_it_came_over(board: Siege) -> None:
    attacker = await board.attack("name_another_program_in_a_frame")
    heard = await board.heard.line(attacker, "heard ")
    assert "test.victim" in heard
    assert ("test.victim", "echo") not in {(caller, name) for caller, name, _ in board.heard.calls}
    assert (attacker.app_id, "echo") in {(caller, name) for caller, name, _ in board.heard.calls}
    await board.sessions.stop(attacker.app_id)


async def test_each_request_is_answered_once_whatever_its_number(board: Siege) -> None:
    attacker = await board.attack("repeat_a_request_and_its_number")
    assert await board.heard.line(attacker, "answers to ") == "answers to [7, 7, 7]"
    calls = [call for call in board.heard.calls if call[0] == attacker.app_id]
    assert len(calls) == 3
    await board.sessions.stop(attacker.app_id)


async def test_an_intent_is_answered_by_the_program_that_was_asked(board: Siege) -> None:
    asked = asyncio.create_task(board.neighbour.intent("greet", {}, "hello"))
    attacker = await board.attack("answer_the_intents_of_others")
    assert await asked == "mine"
    assert await board.outcome(attacker) == "survived"
    await board.sessions.stop(attacker.app_id)


async def test_a_worker_that_never_reads_is_ended(board: Siege) -> None:
    attacker = await board.attack("never_read")
    assert await board.heard.exit(attacker) == "it does not take its events any more"
    await board.tap_the_neighbour()
