"""``inference.*``: what programs may do with models, what they are refused, and what ends with them."""

import array
import asyncio
import dataclasses
import json
import struct
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

import pytest

from device_runtime.capability.files import ProgramFiles
from device_runtime.capability.inference import MAX_WAITING_RUNS, inference_capabilities
from device_runtime.capability.registry import Caller, CapabilityError, CapabilityGate
from device_runtime.host.audio import AudioError
from device_runtime.program.limits import Limits
from device_runtime.program.manifest import parse_manifest
from device_runtime.values import Value
from tests.inference_parts import Ears, Service
from tests.open_privacy import OpenPrivacy

X = struct.pack("<4f", 1, 2, 3, 4.5)
Q = struct.pack("2b", -1, 7)
INPUTS: dict[str, Any] = {"x": {"data": X}, "q": {"data": [1, 2]}}
CARD = """
name = "own"
task = "sound-events"
description = "d"
licence = "MIT"
data = "none"
recipe = "recipe.toml"
labels = ["loud"]
[[inputs]]
name = "x"
shape = [1, 4]
dtype = "float32"
units = "u"
[[outputs]]
name = "y"
shape = [1, 4]
dtype = "float32"
units = "u"
"""


class Program:
    """One run of a program: what it is told, and what goes on for it."""

    def __init__(self, gate: CapabilityGate, entries: Mapping[str, bytes], **members: Any) -> None:
        document = {
            "app_id": "demo",
            "name": "Demo",
            "version": {"code": 1, "name": "1.0"},
            "platform_version": {"min_code": 1},
            "pages": ["pages/index/index"],
            "req_permissions": [{"name": name} for name in members.pop("permissions", ("record",))],
            "cygnet": {"models": ["double", "alarms"], **members},
        }
        self.told: asyncio.Queue[tuple[str, Value]] = asyncio.Queue()
        self.kept: set[asyncio.Task[None]] = set()
        self._gate = gate
        self.caller = Caller("demo", parse_manifest(json.dumps(document)), entries, self._emit, self._keep)

    async def _emit(self, name: str, payload: Value) -> None:
        await self.told.put((name, payload))

    def _keep(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(work)
        self.kept.add(task)
        return task

    async def call(self, what: str, /, **arguments: Value) -> Any:
        return await self._gate.invoke(self.caller, f"inference.{what}", arguments)

    async def open(self, **arguments: Value) -> int:
        number: int = (await self.call("open", **(arguments or {"name": "double"})))["session"]
        return number

    async def hear(self) -> tuple[str, Value]:
        return await asyncio.wait_for(self.told.get(), 10)

    async def end(self) -> None:
        for task in self.kept:
            task.cancel()
        await asyncio.gather(*self.kept, return_exceptions=True)


@dataclasses.dataclass
class Device:
    """A board with models and a microphone."""

    service: Service
    ears: Ears
    gate: CapabilityGate

    def program(self, entries: Mapping[str, bytes] | None = None, **members: Any) -> Program:
        return Program(self.gate, entries or {}, **members)


Make = Callable[..., Device]


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    files = ProgramFiles(tmp_path)

    def made(*, ears: bool = True, **limits: Any) -> Device:
        service, microphone = Service(), Ears()
        offered = inference_capabilities(
            service, service, files, microphone if ears else None, Limits(**limits), OpenPrivacy()
        )
        return Device(service, microphone, CapabilityGate(offered))

    yield made
    files.close()


async def _until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 conditions look at what others do, which set no event
            await asyncio.sleep(0)


# -- opening ------------------------------------------------------------------------------------------------------


async def test_a_session_says_what_its_model_takes_and_gives(make: Make) -> None:
    opened = await make().program().call("open", name="double")
    assert opened == {
        "session": 1,
        "name": "double",
        "task": "",
        "inputs": [
            {"name": "x", "shape": [1, 4], "dtype": "float32", "scale": 0.0, "zero_point": 0},
            {"name": "q", "shape": [2], "dtype": "int8", "scale": 0.5, "zero_point": 3},
        ],
        "outputs": [{"name": "y", "shape": [1, 4], "dtype": "float32", "scale": 0.0, "zero_point": 0}],
        "labels": [],
        "parameters": {},
    }


async def test_an_ability_is_served_by_the_model_that_the_device_chooses(make: Make) -> None:
    opened = await make().program(models=[]).call("open", ability="sound-events")
    assert (opened["name"], opened["task"], opened["labels"]) == ("alarms", "sound-events", ["loud"])
    assert opened["parameters"] == {"cutoff": 0.5}


@pytest.mark.parametrize("suffix", ["tflite", "onnx"])
async def test_a_model_of_the_package_goes_to_the_service_with_its_card(make: Make, suffix: str) -> None:
    device = make()
    program = device.program({f"models/own.{suffix}": b"model", "models/own.toml": CARD.encode()})
    opened = await program.call("open", model=f"/models/own.{suffix}")
    assert (opened["name"], opened["labels"]) == ("own", ["loud"])
    (own,) = device.service.own
    assert own.content == b"model"
    assert own.card is not None
    assert own.card.task == "sound-events"


async def test_a_model_of_the_program_s_own_files_may_lack_a_card(make: Make, tmp_path: Path) -> None:
    folder = tmp_path / "demo" / "usr"
    folder.mkdir(parents=True)
    (folder / "fetched.tflite").write_bytes(b"model")
    device = make()
    await device.program().open(model="wxfile://usr/fetched.tflite")
    assert device.service.own[0].card is None


_ENTRIES = {
    "models/own.tflite": b"model",
    "models/own.toml": CARD.replace('"own"', '"another"').encode(),
    "models/odd.tflite": b"model",
    "models/odd.toml": b"\xff",
    "models/broken.tflite": b"broken",
    "models/words.txt": b"",
}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({}, "one of model (a file), name (a shared model) and ability (a task) must be given"),
        ({"name": "double", "ability": "x"}, "one of model (a file), name"),
        ({"name": 7}, "name must be a string"),
        ({"name": "x" * 65}, "name holds 65 characters"),
        ({"name": "words"}, "the manifest does not list the model 'words' under cygnet.models"),
        ({"name": "../double"}, "the manifest does not list the model '../double'"),
        ({"ability": ["sound-events"]}, "ability must be a string"),
        ({"ability": "mind-reading"}, "this device has no model for 'mind-reading'"),
        ({"model": "models/none.tflite"}, "no such file or directory, open models/none.tflite"),
        ({"model": "models/words.txt"}, "model must end with .tflite or .onnx"),
        ({"model": "models/../../etc/passwd.tflite"}, 'must not hold ".."'),
        ({"model": "/etc/passwd"}, "model must end with .tflite or .onnx"),
        ({"model": "http://host/x.tflite"}, "is no file of the program"),
        ({"model": "wxfile://usr/none.tflite"}, "no such file or directory"),
        ({"model": "models/own.tflite"}, "models/own.toml: name is 'another'; expected"),
        ({"model": "models/odd.tflite"}, "the card models/odd.toml is not UTF-8 text"),
        ({"model": "models/broken.tflite"}, "model models/broken.tflite cannot be loaded: it is broken"),
        ({"model": "models/own.tflite\n" * 2}, "model must end with"),
    ],
)
async def test_what_cannot_be_opened_is_refused_in_a_sentence(
    make: Make, arguments: dict[str, Value], sentence: str
) -> None:
    with pytest.raises(CapabilityError) as error:
        await make().program(_ENTRIES).call("open", **arguments)
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


async def test_a_model_larger_than_its_quota_is_refused(make: Make) -> None:
    program = make(model_mb=1).program({"models/large.tflite": bytes(2**20 + 1)})
    with pytest.raises(CapabilityError, match=r"large\.tflite holds 1048577 bytes; at most 1048576 are allowed"):
        await program.open(model="models/large.tflite")


async def test_a_program_has_so_many_sessions_and_a_closed_one_makes_room(make: Make) -> None:
    program = make(inference_sessions=2).program()
    first = await program.open()
    await program.open()
    with pytest.raises(CapabilityError, match="more than 2 models are open; close one first"):
        await program.open()
    await program.call("close", session=first)
    await program.call("close", session=first)
    assert await program.open() == 3


async def test_what_failed_to_open_takes_no_room(make: Make) -> None:
    program = make(inference_sessions=1).program()
    for _ in range(3):
        with pytest.raises(CapabilityError):
            await program.open(ability="none")
    await program.open()


# -- running ------------------------------------------------------------------------------------------------------


async def test_bytes_go_in_and_bytes_come_out(make: Make) -> None:
    device = make()
    program = device.program()
    given: dict[str, Value] = {"x": {"shape": [1, 4], "type": "float32", "data": X}, "q": {"type": "int8", "data": Q}}
    answer = await program.call("run", session=await program.open(), inputs=given)
    assert answer == {"outputs": {"y": {"shape": [1, 4], "type": "float32", "data": struct.pack("<4f", 2, 4, 6, 9)}}}
    assert [(tensor.dtype, tensor.shape, tensor.data) for tensor in device.service.seen[0]] == [
        ("float32", (1, 4), X),
        ("int8", (2,), Q),
    ]


async def test_a_program_in_python_gets_lists_of_numbers(make: Make) -> None:
    program = make().program(language="python")
    inputs: dict[str, Value] = {"x": {"data": [1, 2.5, float("inf"), -4]}, "q": {"data": [1, 2]}}
    answer = await program.call("run", session=await program.open(), inputs=inputs)
    assert answer["outputs"]["y"]["data"] == [2.0, 5.0, None, -8.0]


async def test_numbers_of_a_list_are_the_real_ones_unless_a_type_is_named(make: Make) -> None:
    device = make()
    program = device.program()
    session = await program.open()
    await program.call("run", session=session, inputs=INPUTS)
    await program.call("run", session=session, inputs={**INPUTS, "q": {"type": "int8", "data": [1.0, -2]}})
    assert [seen[1].dtype for seen in device.service.seen] == ["float32", "int8"]
    assert device.service.seen[1][1].data == struct.pack("2b", 1, -2)


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        (None, "inputs must be an object of tensors by the names of the inputs of double: 'x', 'q'"),
        ([X, Q], "inputs must be an object of tensors"),
        ({"x": {"data": X}}, "double needs the input 'q', which is missing; it has 'x', 'q'"),
        ({**INPUTS, "z": {"data": X}}, "double has no input 'z'; it has 'x', 'q'"),
        ({**INPUTS, "x": X}, "input 'x' of double must be an object with data"),
        ({**INPUTS, "x": {}}, "input 'x' of double: data must be an ArrayBuffer or a list of numbers"),
        ({**INPUTS, "x": {"data": "text"}}, "input 'x' of double: data must be an ArrayBuffer or a list of numbers"),
        ({**INPUTS, "x": {"data": X[:15]}}, "float32 [1, 4] takes 4 numbers in 16 bytes, got 15 bytes"),
        ({**INPUTS, "x": {"data": [1, 2, 3]}}, "float32 [1, 4] takes 4 numbers in 16 bytes, got 12 bytes"),
        ({**INPUTS, "x": {"data": X, "shape": [4]}}, "input 'x' of double: expected the shape [1, 4], got [4]"),
        ({**INPUTS, "x": {"data": X, "shape": [4, 1]}}, "expected the shape [1, 4], got [4, 1]"),
        ({**INPUTS, "x": {"data": X, "shape": 4}}, "expected the shape [1, 4], got 4"),
        ({**INPUTS, "x": {"data": X, "shape": [1, -4]}}, "shape must be a list of whole numbers above 0"),
        ({**INPUTS, "x": {"data": X, "shape": [1, 4.5]}}, "shape must be a list of whole numbers above 0"),
        ({**INPUTS, "x": {"data": X, "shape": [True, 4]}}, "shape must be a list of whole numbers above 0"),
        ({**INPUTS, "x": {"data": X, "shape": [2**60, 2**60]}}, "shape must be a list of whole numbers above 0"),
        ({**INPUTS, "x": {"data": X, "shape": [[1, 4]]}}, "shape must be a list of whole numbers above 0"),
        ({**INPUTS, "x": {"data": X, "type": "int8"}}, "input 'x' of double: expected the type float32, got 'int8'"),
        ({**INPUTS, "q": {"data": Q, "type": "uint8"}}, "expected the type int8 or float32, got 'uint8'"),
        ({**INPUTS, "q": {"data": Q, "type": 8}}, "expected the type int8 or float32, got '8'"),
        ({**INPUTS, "q": {"data": Q, "type": "x" * 10_000}}, "expected the type int8 or float32, got 'xxx"),
        ({**INPUTS, "q": {"data": [1, 200], "type": "int8"}}, "data holds a number that int8 cannot hold"),
        ({**INPUTS, "q": {"data": [1, 2.5], "type": "int8"}}, "data[1] must be a whole number, since the type is int8"),
        ({**INPUTS, "q": {"data": [1, True]}}, "data[1] must be a number"),
        ({**INPUTS, "q": {"data": [1, None]}}, "data[1] must be a number"),
        ({**INPUTS, "q": {"data": [[1, 2]]}}, "data[0] must be a number"),
        ({**INPUTS, "q": {"data": [1, 10**400]}}, "data holds a number that float32 cannot hold"),
        ({**INPUTS, "n\u2028\x00": {}}, "double has no input 'n"),
    ],
)
async def test_an_input_that_does_not_fit_is_named_with_what_was_expected(
    make: Make, inputs: Value, sentence: str
) -> None:
    device = make()
    program = device.program()
    with pytest.raises(CapabilityError) as error:
        await program.call("run", session=await program.open(), inputs=inputs)
    assert sentence in str(error.value)
    assert len(str(error.value)) < 400
    assert "\n" not in str(error.value)
    assert device.service.seen == []


@pytest.mark.parametrize("session", [None, "1", True, 1.5, {}, [], float("nan")])
@pytest.mark.parametrize("name", ["run", "close", "listen", "stop"])
async def test_a_session_is_the_number_that_was_given(make: Make, name: str, session: Value) -> None:
    program = make().program()
    await program.open()
    with pytest.raises(CapabilityError, match=r"session must be the number that inference\.open gave"):
        await program.call(name, session=session)


@pytest.mark.parametrize("name", ["run", "listen", "stop"])
async def test_a_session_of_another_program_is_none(make: Make, name: str) -> None:
    device = make()
    session = await device.program().open()
    other = device.program()
    for _ in range(2):
        with pytest.raises(CapabilityError, match=f"there is no open session {session}"):
            await other.call(name, session=session, inputs=INPUTS)
        await other.open(ability="spoken-commands")
        await other.call("close", session=1)


async def test_a_model_that_fails_says_so_to_the_program(make: Make) -> None:
    device = make()
    device.service.fails = "it ended while it ran"
    program = device.program()
    with pytest.raises(CapabilityError, match="model double: it ended"):
        await program.call("run", session=await program.open(), inputs=INPUTS)


async def test_runs_of_a_session_wait_for_each_other_and_only_so_many_may_wait(make: Make) -> None:
    device = make()
    device.service.may_run.clear()
    program = device.program()
    session = await program.open()
    runs = [asyncio.create_task(program.call("run", session=session, inputs=INPUTS)) for _ in range(MAX_WAITING_RUNS)]
    await device.service.running.wait()
    with pytest.raises(CapabilityError, match=f"more than {MAX_WAITING_RUNS} runs of double wait"):
        await program.call("run", session=session, inputs=INPUTS)
    device.service.may_run.set()
    await asyncio.gather(*runs)
    assert len(device.service.seen) == MAX_WAITING_RUNS


async def test_loading_models_again_and_again_takes_a_programs_time(make: Make) -> None:
    device = make(cpu_seconds_a_minute=0.1)
    device.service.takes = 0.2
    program = device.program()
    await program.call("close", session=await program.open())
    with pytest.raises(CapabilityError, match=r"its models took more than the 0\.1 s that they may take in a minute"):
        await program.open()
    await device.program().open()  # another one has a time of its own


async def test_models_that_took_more_time_than_a_program_may_have_are_refused(make: Make) -> None:
    device = make(cpu_seconds_a_minute=0.1)
    program = device.program()
    session = await program.open()
    device.service.takes = 0.2
    await program.call("run", session=session, inputs=INPUTS)
    with pytest.raises(CapabilityError, match=r"its models took more than the 0\.1 s that they may take in a minute"):
        await program.call("run", session=session, inputs=INPUTS)


async def test_waiting_for_the_models_of_others_takes_nothing_of_a_programs_time(make: Make) -> None:
    device = make(cpu_seconds_a_minute=0.1)
    program = device.program()
    session = await program.open()
    loop = asyncio.get_running_loop()
    device.service.may_run.clear()
    run = asyncio.create_task(program.call("run", session=session, inputs=INPUTS))
    await device.service.running.wait()
    begun = loop.time()
    await _until(lambda: loop.time() > begun + 0.2)
    device.service.may_run.set()
    await run
    assert await program.call("run", session=session, inputs=INPUTS)


# -- listening ----------------------------------------------------------------------------------------------------


async def test_what_the_microphone_hears_is_told_by_its_label(make: Make) -> None:
    device = make()
    program = device.program()
    await program.open()
    session = await program.open(name="alarms")
    await program.call("listen", session=session)
    await program.call("listen", session=session)
    await _until(lambda: len(device.ears.listeners) == 1)
    device.ears.say(100)
    device.ears.say(20_000)
    told = {"session": session, "label": "loud", "probability": 0.75, "seconds": 0.064}
    assert await program.hear() == ("inference.result", told)
    assert device.ears.shown == [("demo", True)]
    await program.call("stop", session=session)
    await program.call("stop", session=session)
    assert (device.ears.shown, device.ears.listeners) == ([("demo", True), ("demo", False)], [])
    assert device.service.sessions[1].resets == 1


async def test_a_program_is_told_what_the_microphone_gives(make: Make) -> None:
    device = make()
    device.ears.told = ["waiting", "hearing"]
    program = device.program()
    session = await program.open(name="alarms")
    await program.call("listen", session=session)
    for state in device.ears.told:
        assert await program.hear() == ("inference.microphone", {"session": session, "state": state})
    await program.call("stop", session=session)


async def test_sound_never_crosses_to_a_program(make: Make) -> None:
    device = make()
    program = device.program()
    await program.call("listen", session=await program.open(name="alarms"))
    await _until(lambda: device.ears.listeners)
    device.ears.say(20_000)
    name, payload = await program.hear()
    assert isinstance(payload, dict)
    assert not any(isinstance(value, bytes | list) for value in payload.values()), name


async def test_who_may_not_record_may_not_listen(make: Make) -> None:
    program = make().program(permissions=())
    with pytest.raises(CapabilityError, match="the manifest does not ask for the permission record"):
        await program.call("listen", session=await program.open(name="alarms"))


async def test_a_model_that_hears_nothing_is_not_given_the_microphone(make: Make) -> None:
    device = make()
    program = device.program()
    with pytest.raises(CapabilityError, match="model double does not listen"):
        await program.call("listen", session=await program.open())
    assert device.ears.shown == []


async def test_a_board_without_a_microphone_has_no_listening(make: Make) -> None:
    device = make(ears=False)
    assert device.gate.names == {"inference.open", "inference.run", "inference.close"}


@pytest.mark.parametrize("loses", ["the microphone", "the model"])
async def test_a_program_hears_why_it_hears_no_more(make: Make, loses: str) -> None:
    device = make()
    program = device.program()
    session = await program.open(name="alarms")
    await program.call("listen", session=session)
    await _until(lambda: device.ears.listeners)
    if loses == "the model":
        device.service.fails = "it ended while it ran"
        device.ears.say(0)
        reason = "model alarms: it ended while it ran"
    else:
        device.ears.lose(AudioError("the microphone cannot be opened"))
        reason = "the microphone cannot be opened"
    assert await program.hear() == ("inference.error", {"session": session, "reason": reason})
    await _until(lambda: device.ears.shown == [("demo", True), ("demo", False)])
    device.service.fails = ""
    await program.call("listen", session=session)
    await _until(lambda: device.ears.listeners)


async def test_a_program_that_is_slow_to_hear_leaves_no_microphone_open(make: Make) -> None:
    device = make()
    program = device.program()
    program.told = asyncio.Queue(1)
    session = await program.open(name="alarms")
    await program.call("listen", session=session)
    await _until(lambda: device.ears.listeners)
    device.ears.say(20_000)
    device.ears.say(20_000)  # for which there is no room
    await _until(lambda: program.told.full() and device.ears.listeners[0].empty())
    await asyncio.sleep(0)
    await program.call("stop", session=session)
    assert device.ears.listeners == []


async def test_closing_a_session_ends_its_listening(make: Make) -> None:
    device = make()
    program = device.program()
    session = await program.open(name="alarms")
    await program.call("listen", session=session)
    await _until(lambda: device.ears.listeners)
    await program.call("close", session=session)
    assert device.ears.listeners == []
    assert device.service.sessions[0].closed


# -- the end of a program -----------------------------------------------------------------------------------------


async def test_all_sessions_end_with_their_program_and_no_others(make: Make) -> None:
    device = make()
    one, other = device.program(), device.program()
    await one.open()
    await one.call("listen", session=await one.open(name="alarms"))
    await other.open()
    await _until(lambda: device.ears.listeners)
    await one.end()
    await _until(lambda: device.service.closed_owners)
    assert [session.closed for session in device.service.sessions] == [True, True, False]
    assert device.ears.listeners == []


async def test_a_program_that_ends_in_the_middle_of_a_run_leaves_nothing_behind(make: Make) -> None:
    device = make()
    device.service.may_run.clear()
    program = device.program()
    run = asyncio.create_task(program.call("run", session=await program.open(), inputs=INPUTS))
    await device.service.running.wait()
    run.cancel()
    await program.end()
    await _until(lambda: device.service.closed_owners)
    device.service.may_run.set()
    fresh = device.program()
    await fresh.call("run", session=await fresh.open(), inputs=INPUTS)


async def test_a_program_that_ends_while_it_opens_has_no_session(make: Make) -> None:
    device = make()
    program = device.program()
    opening = asyncio.create_task(program.open(ability="sound-events"))
    await _until(lambda: program.kept)
    await program.end()
    with pytest.raises(CapabilityError, match="the program has ended"):
        await opening
    assert all(session.closed for session in device.service.sessions)


async def test_two_runs_of_one_program_are_two_owners(make: Make) -> None:
    device = make()
    for _ in range(2):
        program = device.program()
        await program.open()
        await program.end()
    await _until(lambda: len(device.service.closed_owners) == 2)
    assert len(set(device.service.closed_owners)) == 2


def test_a_float_is_four_bytes_as_the_border_reads_it() -> None:
    assert array.array("f", [1.5]).itemsize == 4
    assert array.array("i", [1]).itemsize == 4
