"""Attacks on the host through the worker's socket: what comes over it is bytes, and may be any bytes."""

import struct
from collections.abc import Iterator
from typing import Any

import msgpack

from device_runtime.engine.frames import MAX_FRAME_BYTES, MAX_OPERATIONS
from tests.isolation.attacker import Stolen, attack


def framed(body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + body


def frame(*items: Any) -> bytes:
    return framed(msgpack.packb(list(items)))


def _answers(stolen: Stolen) -> Iterator[Any]:
    while True:
        yield stolen.link.receive(None)


def _flood(stolen: Stolen, data: bytes) -> None:
    """Send the same for ever, as fast as the host takes it, and read nothing."""
    many = data * max(1, 262_144 // len(data))
    while True:
        stolen.socket.sendall(many)


# -- no frames -----------------------------------------------------------------------------------------------------


@attack
def announce_a_frame_of_a_gigabyte(stolen: Stolen) -> None:
    stolen.socket.sendall(struct.pack(">I", 1 << 30))


@attack
def announce_the_largest_frame_and_send_nothing(stolen: Stolen) -> None:
    stolen.socket.sendall(struct.pack(">I", MAX_FRAME_BYTES))


@attack
def send_garbage(stolen: Stolen) -> None:
    stolen.socket.sendall(framed(b"\xc1" * 64))


@attack
def send_an_empty_frame(stolen: Stolen) -> None:
    stolen.socket.sendall(framed(b""))


@attack
def close_in_the_middle_of_a_frame(stolen: Stolen) -> None:
    stolen.socket.sendall(frame("log", "log", "x" * 100, "")[:50])
    raise SystemExit


@attack
def nest_ten_thousand_lists(stolen: Stolen) -> None:
    stolen.socket.sendall(framed(b"\x91" * 10_000 + b"\xc0"))


@attack
def nest_ten_thousand_maps_in_a_request(stolen: Stolen) -> None:
    body = msgpack.packb("request") + b"\x01" + msgpack.packb("echo") + b"\x81\xa1a" * 10_000 + b"\xc0"
    stolen.socket.sendall(framed(b"\x94" + body))


@attack
def promise_a_list_of_four_thousand_million_items(stolen: Stolen) -> None:
    stolen.socket.sendall(framed(b"\x94" + msgpack.packb("patch") + b"\x01\xdd\xff\xff\xff\xff"))


@attack
def send_sixteen_million_empty_lists(stolen: Stolen) -> None:
    _send_empty_lists(stolen, MAX_FRAME_BYTES - 100)


@attack
def send_three_hundred_thousand_empty_lists(stolen: Stolen) -> None:
    _send_empty_lists(stolen, 300_000)


def _send_empty_lists(stolen: Stolen, count: int) -> None:
    head = b"\x94" + msgpack.packb("patch") + b"\x01" + b"\xdd" + struct.pack(">I", count)
    stolen.socket.sendall(framed(head + b"\x90" * count + b"\xa0"))


@attack
def send_a_key_of_sixteen_megabytes(stolen: Stolen) -> None:
    stolen.socket.sendall(frame("event", "stack", {"k" * (MAX_FRAME_BYTES - 100): 1}))


@attack
def send_keys_that_are_no_text(stolen: Stolen) -> None:
    stolen.socket.sendall(frame("request", 1, "echo", {1: 2}))


@attack
def send_an_extension_of_msgpack(stolen: Stolen) -> None:
    stolen.socket.sendall(frame("request", 1, "echo", {"a": msgpack.ExtType(5, b"x")}))


@attack
def send_a_time_stamp_of_msgpack(stolen: Stolen) -> None:
    stolen.socket.sendall(frame("request", 1, "echo", {"a": msgpack.Timestamp(1)}))


# -- frames that a worker may not send -----------------------------------------------------------------------------


@attack
def send_a_kind_that_is_not_there(stolen: Stolen) -> None:
    stolen.socket.sendall(frame("install", "everything"))


@attack
def send_a_launch_to_the_host(stolen: Stolen) -> None:
    stolen.socket.sendall(frame("event", "launch", {"manifest": {}}))


@attack
def answer_a_request_that_the_host_never_made(stolen: Stolen) -> None:
    stolen.socket.sendall(frame("response", 1, {"granted": True}, None))


@attack
def inspect_where_nobody_inspects(stolen: Stolen) -> None:
    stolen.socket.sendall(frame("event", "inspect", {"value": 1}))


@attack
def send_a_patch_of_no_operations_that_are_known(stolen: Stolen) -> None:
    stolen.socket.sendall(frame("patch", 1, [["format-disk"]], ""))


@attack
def send_an_operation_without_its_parts(stolen: Stolen) -> None:
    stolen.socket.sendall(frame("patch", 1, [["insert"]], ""))


@attack
def send_a_patch_of_too_many_operations(stolen: Stolen) -> None:
    stolen.socket.sendall(frame("patch", 1, [["text", 2, "x"]] * (MAX_OPERATIONS + 1), ""))


@attack
def show_a_number_that_is_none(stolen: Stolen) -> None:
    stolen.socket.sendall(frame("patch", 1, [["text", 2, float("nan")]], ""))


@attack
def show_bytes(stolen: Stolen) -> None:
    stolen.socket.sendall(frame("patch", 1, [["text", 2, b"\xff\xfe"]], ""))


@attack
def show_a_thousand_pages(stolen: Stolen) -> None:
    pages = [{"id": number, "route": "pages/a/a", "window": {}} for number in range(1000)]
    stolen.socket.sendall(frame("event", "stack", {"pages": pages, "transition": "push", "target": ""}))


@attack
def show_a_window_of_bytes(stolen: Stolen) -> None:
    pages = [{"id": 1, "route": "pages/a/a", "window": {"navigationBarTitleText": b"\xff"}}]
    stolen.socket.sendall(frame("event", "stack", {"pages": pages, "transition": "push", "target": ""}))


@attack
def send_frames_out_of_order(stolen: Stolen) -> None:
    """Patches of pages that are not there yet or never, an answer before its question, the first page shown twice."""
    frames = [
        frame("patch", 999, [["text", 2, "x"]], ""),
        frame("patch", -1, [["remove", 0]], "a screen"),
        frame("patch", 2**63, [], ""),
        frame("event", "answer", {"id": 1, "speech": "early", "error": None}),
        frame("event", "ready", {"pages": -5}),
        frame("event", "stack", {"pages": [], "transition": "pop", "target": "nobody"}),
        frame("event", "ready", {}),
    ]
    for data in reversed(frames):
        stolen.socket.sendall(data)


# -- other programs ------------------------------------------------------------------------------------------------


@attack
def name_another_program_in_a_frame(stolen: Stolen) -> None:
    stolen.socket.sendall(frame("request", 1, "echo", {"app_id": "test.victim", "caller": "test.victim"}))
    stolen.say(f"heard {next(_answers(stolen)).value}")


@attack
def send_a_patch_with_one_field_more(stolen: Stolen) -> None:
    stolen.socket.sendall(frame("patch", 1, [], "", "test.victim"))


@attack
def answer_the_intents_of_others(stolen: Stolen) -> None:
    for number in range(1000):
        stolen.socket.sendall(frame("event", "answer", {"id": number, "speech": "I am the other", "error": None}))


@attack
def ask_for_what_the_manifest_does_not_name(stolen: Stolen) -> str | None:
    stolen.socket.sendall(frame("request", 1, "secret", {}))
    answer = next(_answers(stolen))
    return None if answer.error else str(answer.value)


@attack
def ask_for_files_of_others(stolen: Stolen) -> str | None:
    names: list[Any] = [stolen.prey.secret, "../../etc/passwd", "manifest.json", "", None, 5, ["a"], {}]
    for number, name in enumerate(names):
        stolen.socket.sendall(frame("request", -1 - number, "package.file", {"name": name}))
        answer = next(_answers(stolen))
        if answer.error is None:
            return str(answer.value)
    return None


@attack
def repeat_a_request_and_its_number(stolen: Stolen) -> None:
    for _ in range(3):
        stolen.socket.sendall(frame("request", 7, "echo", {"n": 1}))
    answers = [next(_answers(stolen)).id for _ in range(3)]
    stolen.say(f"answers to {answers}")


@attack
def send_an_answer_back(stolen: Stolen) -> None:
    stolen.socket.sendall(frame("request", 1, "echo", {"n": 1}))
    answer = next(_answers(stolen))
    stolen.socket.sendall(frame("response", answer.id, answer.value, answer.error))


# -- without end ---------------------------------------------------------------------------------------------------


@attack
def never_read(stolen: Stolen) -> None:
    """The host's answers pile up; each is asked for with a few bytes."""
    request = frame("request", 1, "echo", {"text": "x" * 60_000})
    for _ in range(100_000):
        stolen.socket.sendall(request)


@attack
def flood_with_log_lines(stolen: Stolen) -> None:
    _flood(stolen, frame("log", "log", "x", ""))


@attack
def flood_with_long_log_lines(stolen: Stolen) -> None:
    _flood(stolen, frame("log", "error", "x" * 1_000_000, ""))


@attack
def flood_with_patches(stolen: Stolen) -> None:
    _flood(stolen, frame("patch", 1, [["text", 2, "x"]], ""))


@attack
def flood_with_large_patches(stolen: Stolen) -> None:
    _flood(stolen, frame("patch", 1, [["text", 2, "x"]] * MAX_OPERATIONS, ""))


@attack
def flood_with_the_heaviest_patches(stolen: Stolen) -> None:
    value: list[list[None]] = [[]] * 8
    _flood(stolen, frame("patch", 1, [["set", 2, "x", value]] * MAX_OPERATIONS, ""))


@attack
def flood_with_stacks(stolen: Stolen) -> None:
    pages = [{"id": 1, "route": "pages/a/a", "window": {"navigationBarTitleText": "x"}}]
    _flood(stolen, frame("event", "stack", {"pages": pages, "transition": "none", "target": ""}))


@attack
def flood_with_requests(stolen: Stolen) -> None:
    _flood(stolen, frame("request", 1, "echo", {"n": 1}))


@attack
def flood_with_requests_that_wait_for_none(stolen: Stolen) -> None:
    _flood(stolen, frame("request", -1, "slow", {}))


@attack
def flood_with_ready(stolen: Stolen) -> None:
    _flood(stolen, frame("event", "ready", {}))


@attack
def flood_with_answers(stolen: Stolen) -> None:
    _flood(stolen, frame("event", "answer", {"id": 1, "speech": "x", "error": None}))


@attack
def send_one_byte_at_a_time(stolen: Stolen) -> None:
    data = frame("log", "log", "x", "")
    while True:
        for byte in data:
            stolen.socket.sendall(bytes([byte]))


@attack
def flood_with_the_largest_frames(stolen: Stolen) -> None:
    _flood(stolen, frame("request", 1, "nothing", {"data": b"x" * (MAX_FRAME_BYTES - 100)}))


@attack
def flood_with_the_largest_texts(stolen: Stolen) -> None:
    _flood(stolen, frame("request", 1, "nothing", {"data": "\u6c49" * ((MAX_FRAME_BYTES - 100) // 3)}))
