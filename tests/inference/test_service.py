"""Models in processes of their own: shared, within their memory, and no harm to anybody when one goes wrong."""

import asyncio
import os
import random
import select
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device_runtime.inference.backend import find_backend
from device_runtime.inference.card import ModelCard
from device_runtime.inference.process import ModelProcess
from device_runtime.inference.service import InferenceService, InferenceSession, InferenceSettings, OwnModel
from device_runtime.inference.store import ModelError, ModelStore
from device_runtime.inference.tensors import SIZES, TensorData, TensorInfo
from device_runtime.values import Value
from tests.inference.test_backend import FOUR, ZERO, image

STORE = ModelStore()
COUNTER = Path(__file__).parent / "data" / "counter.tflite"
MIB = 1024 * 1024
Opening = Callable[..., Awaitable[InferenceService]]


@pytest.fixture
async def starting() -> AsyncIterator[Callable[..., InferenceService]]:
    """Makes services, and ends them."""
    services = []

    def start(**settings: object) -> InferenceService:
        services.append(InferenceService(STORE, replace(InferenceSettings(), **settings)))  # type: ignore[arg-type]
        return services[-1]

    yield start
    for service in services:
        await service.close()


@pytest.fixture
def service(starting: Callable[..., InferenceService]) -> InferenceService:
    return starting()


def floats(rows: str) -> TensorData:
    return TensorData((1, 8, 8, 1), "float32", image(rows).tobytes())


def zeros(tensor: TensorInfo) -> TensorData:
    return TensorData(tensor.shape, tensor.dtype, bytes(prod(tensor.shape) * SIZES[tensor.dtype]))


def status_of(process: int | None) -> dict[str, str]:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def counter() -> OwnModel:
    return OwnModel("counter", COUNTER.read_bytes())


async def add(session: InferenceSession, first: int, second: int) -> list[int]:
    given = TensorData((1, 2), "int32", np.array([first, second], np.int32).tobytes())
    (total,) = await session.run([given])
    return [int(value) for value in np.frombuffer(total.data, np.int32)]


@pytest.mark.parametrize("rows", [ZERO, FOUR])
async def test_a_model_in_a_process_answers_as_it_does_here(service: InferenceService, rows: str) -> None:
    session = await service.open("digits", "a program")
    (probabilities,) = await session.run([floats(rows)])
    (stored,) = await session.run([floats(rows)], real=False)

    model = STORE.load(STORE.card("digits"))
    (expected,) = model.invoke(model.inputs[0].quantize(image(rows)))
    assert (stored.dtype, stored.shape, stored.data) == ("int8", (1, 10), expected.tobytes())
    assert (probabilities.dtype, probabilities.shape) == ("float32", (1, 10))
    assert probabilities.data == model.outputs[0].dequantize(expected).tobytes()
    assert (session.task, session.labels[4]) == ("digit-classification", "4")


async def test_tensors_are_called_what_the_card_calls_them(service: InferenceService) -> None:
    card = STORE.card("digits")
    session = await service.open("digits", "a")
    assert [info.name for info in session.inputs] == [tensor.name for tensor in card.inputs] == ["image"]
    assert [info.name for info in session.outputs] == ["probabilities"]
    own = await service.open(OwnModel("models/mine.tflite", STORE.read(card)), "a")
    assert own.inputs[0].name != "image"


async def test_ten_programs_have_one_process(service: InferenceService) -> None:
    sessions = [await service.open("digits", f"program {number}") for number in range(10)]
    assert len({session.process_id for session in sessions}) == 1
    answers = await asyncio.gather(*(session.run([floats(ZERO)]) for session in sessions))
    assert len({answer[0].data for answer in answers}) == 1


async def test_a_model_that_remembers_does_so_for_each_session_apart(service: InferenceService) -> None:
    ours, theirs = await service.open(counter(), "one"), await service.open(counter(), "one")
    assert await add(ours, 1, 2) == [1, 2]
    assert await add(theirs, 10, 20) == [10, 20]
    assert await add(ours, 1, 2) == [2, 4]
    await ours.reset()
    assert await add(ours, 1, 2) == [1, 2]
    assert await add(theirs, 10, 20) == [20, 40]


async def test_who_comes_after_a_session_starts_afresh(service: InferenceService) -> None:
    staying, leaving = await service.open(counter(), "one"), await service.open(counter(), "one")
    assert await add(staying, 1, 1) == [1, 1]
    assert await add(leaving, 5, 5) == [5, 5]
    await leaving.close()
    coming = await service.open(counter(), "one")
    assert await add(coming, 2, 2) == [2, 2]
    assert await add(staying, 1, 1) == [2, 2]


async def test_calls_at_once_find_one_session(service: InferenceService) -> None:
    session = await service.open(counter(), "one")
    totals = await asyncio.gather(*(add(session, 1, 0) for _ in range(10)))
    assert sorted(total[0] for total in totals) == list(range(1, 11))


async def test_a_program_cannot_reach_into_the_model_of_another(service: InferenceService) -> None:
    ours, theirs = await service.open(counter(), "one"), await service.open(counter(), "two")
    assert ours.process_id != theirs.process_id


BAD = [
    ([], "takes 1 inputs ("),
    ([TensorData((1, 8, 8), "float32", bytes(256))], "expected int8 [1, 8, 8, 1], got float32 [1, 8, 8]"),
    ([TensorData((1, 8, 8, 1), "int32", bytes(256))], "expected int8 or real numbers, got int32"),
    ([TensorData((1, 8, 8, 1), "float32", bytes(255))], "has 256 bytes, not 255"),
    ([TensorData((1, 8, 8, 1), "text", bytes(64))], "there is no dtype 'text'"),
    ([TensorData((1, -8, -8, 1), "int8", bytes(64))], "none of them negative"),
    ([TensorData((1, 8, 8, 1), "float32", np.full(64, np.nan, np.float32).tobytes())], "it holds NaN"),
]


@pytest.mark.parametrize(("given", "expected"), BAD, ids=[expected for _, expected in BAD])
async def test_a_tensor_that_does_not_fit_is_named(
    service: InferenceService, given: list[TensorData], expected: str
) -> None:
    session = await service.open("digits", "a program")
    with pytest.raises(ModelError) as caught:
        await session.run(given)
    assert expected in str(caught.value)
    assert "model digits" in str(caught.value)
    assert await session.run([floats(ZERO)])  # and the session goes on


@pytest.mark.parametrize("dtype", ["float32", "int8", "uint8", "int16"])
@pytest.mark.parametrize("backend", ["auto", "reference"])
async def test_models_of_every_quantisation_take_real_numbers(
    starting: Callable[..., InferenceService], backend: str, dtype: str
) -> None:
    from tests.inference.making import sums

    session = await starting(backend=backend).open(OwnModel("sums", sums(dtype)), "a program")
    assert (session.inputs[0].dtype, session.outputs[0].dtype) == (dtype, dtype)
    numbers = np.array([[1.5, -4, 10, 0.5]], np.float32)
    (answer,) = await session.run([TensorData((1, 4), "float32", numbers.tobytes())])
    assert np.frombuffer(answer.data, np.float32).tolist() == [8, 8, 8]


async def test_infinite_numbers_saturate(service: InferenceService) -> None:
    session = await service.open("digits", "a program")
    most = TensorData((1, 8, 8, 1), "float32", np.full(64, np.inf, np.float32).tobytes())
    dark = TensorData((1, 8, 8, 1), "int8", np.full(64, 127, np.int8).tobytes())
    assert await session.run([most]) == await session.run([dark])


async def test_unused_models_are_unloaded_for_others_and_come_again_unnoticed(
    starting: Callable[..., InferenceService],
) -> None:
    from tests.inference.making import fully_connected

    service = starting(memory_bytes=24 * MIB)
    sessions = []
    for number in range(6):  # of some 6 MiB each
        content = fully_connected(1024, 3000 + number)
        sessions.append(await service.open(OwnModel(f"model {number}", content), "a program"))
    assert service.memory_bytes() <= 24 * MIB
    assert [session.process_id is None for session in sessions] == sorted(
        (session.process_id is None for session in sessions), reverse=True
    )
    assert sessions[0].process_id is None
    ones = TensorData((1, 1024), "float32", np.full(1024, 0.5, np.float32).tobytes())
    (answer,) = await sessions[0].run([ones])
    assert np.frombuffer(answer.data, np.float32)[0] == 127  # 512 saturates
    assert service.memory_bytes() <= 24 * MIB


AFFINE = Path(__file__).parent / "data" / "affine.onnx"  # takes any number of rows


async def run_rows(session: InferenceSession, rows: int) -> None:
    await session.run([TensorData((rows, 4), "float32", bytes(16 * rows))])


async def test_a_model_that_grows_while_it_is_used_has_others_unloaded(
    starting: Callable[..., InferenceService],
) -> None:
    pytest.importorskip("onnxruntime")
    from tests.inference.making import fully_connected

    service = starting(memory_bytes=40 * MIB)
    idle = await service.open(OwnModel("idle", fully_connected(1024, 8000)), "a program")
    growing = await service.open(OwnModel("growing", AFFINE.read_bytes()), "another")
    assert idle.process_id is not None
    await run_rows(growing, 400_000)
    assert service.memory_bytes() <= 40 * MIB
    assert idle.process_id is None
    await idle.run([zeros(idle.inputs[0])])  # and it comes again


async def test_a_model_that_has_grown_goes_itself_where_nothing_else_can(
    starting: Callable[..., InferenceService], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one beside it remembers, so it stays; whoever uses the other notices nothing."""
    service = starting(memory_bytes=40 * MIB)
    remembering = await service.open(counter(), "one")
    await add(remembering, 1, 1)
    growing = await service.open("digits", "two")
    (before,) = await growing.run([floats(FOUR)])
    sizes = {remembering.process_id: 25 * MIB, growing.process_id: 25 * MIB}
    monkeypatch.setattr(ModelProcess, "memory_bytes", lambda self: sizes.get(self.pid, MIB))
    monkeypatch.setattr(ModelProcess, "grown_bytes", lambda _: 20 * MIB)
    await growing.run([floats(ZERO)])
    assert growing.process_id is None
    assert await add(remembering, 1, 1) == [2, 2]
    assert await growing.run([floats(FOUR)]) == (before,)


async def test_a_model_that_has_grown_past_the_budget_alone_is_ended_with_figures(
    starting: Callable[..., InferenceService], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnxruntime")
    measure = ModelProcess.memory_bytes
    # Weighed fourfold, so that the limits of the process, which are those of the budget, are not what ends it.
    monkeypatch.setattr(ModelProcess, "memory_bytes", lambda self: 4 * measure(self))
    service = starting(memory_bytes=48 * MIB)
    other = await service.open("digits", "one")
    growing = await service.open(OwnModel("growing", AFFINE.read_bytes()), "two")
    await run_rows(growing, 1)
    with pytest.raises(
        ModelError, match=r"model growing: it has grown to \d+\.\d MiB, and this device gives all models 48\.0 MiB"
    ):
        await run_rows(growing, 400_000)
    assert service.memory_bytes() <= 48 * MIB
    with pytest.raises(ModelError, match="it has grown to"):
        await run_rows(growing, 1)
    assert await other.run([floats(ZERO)])


async def test_a_model_that_finds_no_memory_says_so(starting: Callable[..., InferenceService]) -> None:
    """Whatever it was about to do then, and with no memory left for the sentence."""
    pytest.importorskip("onnxruntime")
    service = starting(memory_bytes=8 * MIB)
    for _ in range(4):
        session = await service.open(OwnModel("growing", AFFINE.read_bytes()), "a program")
        with pytest.raises(ModelError, match=r"there is no memory left|Failed to allocate|has grown to"):
            await run_rows(session, 900_000)
        await session.close()


async def test_a_model_that_outgrows_the_budget_while_it_runs_is_ended_then(
    starting: Callable[..., InferenceService], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.inference.making import slow

    service = starting(memory_bytes=200 * MIB)
    session = await service.open(OwnModel("slow", slow()), "a program")
    monkeypatch.setattr(ModelProcess, "memory_bytes", lambda _: 300 * MIB)
    monkeypatch.setattr(ModelProcess, "grown_bytes", lambda _: 100 * MIB)
    with pytest.raises(
        ModelError, match=r"model slow: it has grown to 300\.0 MiB, and this device gives all models 200"
    ):
        await session.run([zeros(session.inputs[0])])


async def test_who_waits_for_others_pays_for_its_own_requests_alone(service: InferenceService) -> None:
    from tests.inference.making import fully_connected

    wide = fully_connected(4096, 4000)
    paid: dict[str, list[float]] = {"busy": [], "seldom": []}
    busy = await service.open(OwnModel("wide", wide), "a program", paid["busy"].append)
    seldom = await service.open(OwnModel("wide", wide), "a program", paid["seldom"].append)
    assert busy.process_id == seldom.process_id
    assert sum(paid["busy"]) > 5 * sum(paid["seldom"]), "who loads a model pays for that"
    paid["busy"].clear()
    runs = [busy.run([zeros(busy.inputs[0])]) for _ in range(20)]
    await asyncio.gather(*runs, seldom.run([zeros(seldom.inputs[0])]))
    assert len(paid["busy"]) == 20
    assert 0 < sum(paid["seldom"]) < sum(paid["busy"]) / 5


async def test_who_lets_a_model_run_too_long_pays_for_it(starting: Callable[..., InferenceService]) -> None:
    from tests.inference.making import slow

    paid: list[float] = []
    session = await starting(run_seconds=0.1).open(OwnModel("slow", slow()), "a program", paid.append)
    paid.clear()
    with pytest.raises(ModelError, match="took longer"):
        await session.run([zeros(session.inputs[0])])
    assert sum(paid) > 0


async def test_a_model_for_which_there_is_no_memory_is_refused_with_figures(
    starting: Callable[..., InferenceService],
) -> None:
    from tests.inference.making import fully_connected

    service = starting(memory_bytes=16 * MIB)
    small = await service.open("digits", "a program")
    with pytest.raises(ModelError, match=r"model large needs \d+\.\d MiB, .* of the 16\.0 MiB that this device"):
        await service.open(OwnModel("large", fully_connected(1024, 8000)), "a program")
    with pytest.raises(ModelError, match="model huge: there is no memory left for it"):
        await service.open(OwnModel("huge", fully_connected(4096, 12000)), "a program")
    assert await small.run([floats(ZERO)])


async def test_a_model_that_remembers_is_not_unloaded_under_its_user(
    starting: Callable[..., InferenceService],
) -> None:
    from tests.inference.making import fully_connected

    service = starting(memory_bytes=16 * MIB)
    session = await service.open(counter(), "a program")
    assert await add(session, 1, 1) == [1, 1]
    for number in range(4):
        await service.open(OwnModel("large", fully_connected(1024, 2000 + number)), "a program")
    assert await add(session, 1, 1) == [2, 2]


async def test_a_process_that_dies_ends_its_sessions_and_no_others(service: InferenceService) -> None:
    session, other = await service.open("digits", "one"), await service.open(counter(), "two")
    pid = session.process_id
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(ModelError, match="model digits: it ended while it ran: it was ended by the signal SIGKILL"):
        await session.run([floats(ZERO)])
    with pytest.raises(ModelError, match="SIGKILL"):
        await session.run([floats(ZERO)])
    assert await add(other, 1, 1) == [1, 1]
    again = await service.open("digits", "one")
    assert await again.run([floats(ZERO)])


async def test_a_model_that_takes_too_long_is_ended(starting: Callable[..., InferenceService]) -> None:
    from tests.inference.making import slow

    service = starting(run_seconds=0.1)
    session = await service.open(OwnModel("slow", slow()), "a program")
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0)
            ticks += 1

    ticking = asyncio.create_task(tick())
    with pytest.raises(ModelError, match=r"model slow: it took longer than 0\.1 s and was ended"):
        await session.run([zeros(session.inputs[0])])
    ticking.cancel()
    assert ticks > 100, "the event loop stood still"


async def test_who_stops_waiting_does_not_get_the_next_one_another_answer(service: InferenceService) -> None:
    session = await service.open(counter(), "a program")
    first = asyncio.create_task(add(session, 1, 0))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await add(session, 0, 5) in ([1, 5], [0, 5])  # whether the first had begun or not


async def test_a_programs_own_model_goes_with_it(service: InferenceService) -> None:
    session = await service.open(counter(), "a program")
    kept = await service.open("digits", "a program")
    assert session.process_id is not None
    process = os.pidfd_open(session.process_id)
    await service.close_owner("a program")
    with pytest.raises(ModelError, match="this session of the model counter has been closed"):
        await add(session, 1, 1)
    assert kept.process_id is not None  # a model of the device stays while there is room
    ended, _, _ = await asyncio.to_thread(select.select, [process], [], [], 30)
    os.close(process)
    assert ended


async def test_a_programs_model_is_another_once_its_card_has_changed(service: InferenceService) -> None:
    card = replace(STORE.card("digits"), path=Path("models/own.toml"))
    content = STORE.read(STORE.card("digits"))
    before = await service.open(OwnModel("own", content, card), "a program")
    renamed = replace(card, labels=tuple("abcdefghij"))
    after = await service.open(OwnModel("own", content, renamed), "a program")
    assert (before.labels, after.labels) == (card.labels, renamed.labels)
    assert await after.run([floats(ZERO)]) == await before.run([floats(ZERO)])


async def test_a_program_that_ends_while_its_model_is_loaded_leaves_no_process(service: InferenceService) -> None:
    opening = asyncio.create_task(service.open(counter(), "a program"))
    await asyncio.sleep(0)
    await service.close_owner("a program")
    with pytest.raises(ModelError, match="the session of the model counter was closed while it was loaded"):
        await opening
    assert service.memory_bytes() == 0
    session = await service.open(counter(), "a program")
    assert await add(session, 1, 1) == [1, 1]


async def test_a_model_is_not_unloaded_between_two_requests_to_it(
    starting: Callable[..., InferenceService], monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is room for one: whoever comes while the other is used is told so, and who uses it notices nothing."""
    from tests.inference.making import sums

    asking, going_on = asyncio.Event(), asyncio.Event()
    request = ModelProcess.request

    async def slowly(self: ModelProcess, name: str, *arguments: Any, **options: Any) -> Value:
        if name == "run":
            asking.set()
            await going_on.wait()
        return await request(self, name, *arguments, **options)

    monkeypatch.setattr(ModelProcess, "memory_bytes", lambda _: 20 * MIB)
    monkeypatch.setattr(ModelProcess, "request", slowly)
    service = starting(memory_bytes=24 * MIB)
    session = await service.open("digits", "one")
    running = asyncio.create_task(session.run([floats(ZERO)]))
    await asking.wait()
    with pytest.raises(ModelError, match=r"model sums needs .* with those in use the models would have"):
        await service.open(OwnModel("sums", sums("float32")), "two")
    going_on.set()
    assert await running
    assert await service.open(OwnModel("sums", sums("float32")), "two"), "now it makes room"


async def test_outputs_larger_than_a_frame_end_in_a_sentence_and_not_the_process(service: InferenceService) -> None:
    from tests.inference.making import fully_connected

    session = await service.open(OwnModel("wide", fully_connected(1, 5_000_000)), "a program")
    for _ in range(2):
        with pytest.raises(ModelError, match="model wide: its outputs are too large: a frame of"):
            await session.run([zeros(session.inputs[0])])


async def test_a_large_file_is_refused(starting: Callable[..., InferenceService]) -> None:
    service = starting(model_bytes=1000)
    with pytest.raises(ModelError, match=r"model counter has \d+ bytes; this device takes models of up to 1000"):
        await service.open(counter(), "a program")


async def test_a_file_larger_than_a_frame_is_loaded(service: InferenceService) -> None:
    from tests.inference.making import fully_connected

    session = await service.open(OwnModel("large", fully_connected(4096, 4200)), "a program")
    (answer,) = await session.run([zeros(session.inputs[0])])
    assert answer.data == bytes(4 * 4200)


async def test_what_two_threads_compute_is_the_same(starting: Callable[..., InferenceService]) -> None:
    session = await starting(threads=2).open("digits", "a program")
    alone = await starting().open("digits", "a program")
    assert await session.run([floats(ZERO)]) == await alone.run([floats(ZERO)])


async def test_a_models_process_is_confined(service: InferenceService) -> None:
    session = await service.open("digits", "a program")
    fields = status_of(session.process_id)
    assert fields["NoNewPrivs"] == "1"
    assert fields["CapEff"].strip("0") == ""
    if "seccomp" not in service.missing:
        assert fields["Seccomp"] == "2"


async def test_a_card_that_is_not_the_models_is_refused(service: InferenceService) -> None:
    card = STORE.card("digits")
    with pytest.raises(ModelError, match=r"input image has the shape \[1, 8, 8, 1\] in the card, and \["):
        await service.check(card, COUNTER.read_bytes())
    await service.check(card, STORE.read(card))


async def test_broken_files_end_in_a_sentence(service: InferenceService) -> None:
    """Bytes changed and cut off at random: a sentence or an answer, and the next model runs."""
    whole = [STORE.read(STORE.card("digits")), COUNTER.read_bytes()]
    chance = random.Random(3)  # noqa: S311 the same ones each time
    ran = 0
    for _ in range(150):
        content = bytearray(chance.choice(whole))
        for _ in range(chance.choice((1, 5, 30))):
            content[chance.randrange(8, len(content))] = chance.randrange(256)
        if chance.random() < 0.2:
            del content[chance.randrange(8, len(content)) :]
        try:
            session = await service.open(OwnModel("broken", bytes(content)), "a program")
            await session.run([zeros(tensor) for tensor in session.inputs])
            ran += 1
        except ModelError as error:
            assert str(error).startswith("model broken"), error  # noqa: PT017 most of them raise, some may not
        await service.close_owner("a program")
    assert 0 < ran < 150
    session = await service.open("digits", "a program")
    assert await session.run([floats(ZERO)])


LACKING = [
    (lambda making: making.custom("Foo"), "its operator Foo is none of TensorFlow Lite's own"),
    (
        lambda making: making.fully_connected(version=99),
        "its operator FULLY_CONNECTED version 99 is not in the runtime",
    ),
    (lambda _: b"not a model at all", "is not a TensorFlow Lite model: bytes 4 to 8 are not 'TFL3'"),
    (lambda _: b"", "is not a TensorFlow Lite model"),
]


@pytest.mark.parametrize(("make", "expected"), LACKING, ids=[expected for _, expected in LACKING])
async def test_what_the_runtime_lacks_is_named(
    service: InferenceService, make: Callable[[object], bytes], expected: str
) -> None:
    from tests.inference import making

    with pytest.raises(ModelError) as caught:
        await service.open(OwnModel("theirs", make(making)), "a program")
    assert "model theirs" in str(caught.value)
    assert expected in str(caught.value)


async def test_a_model_that_hears_tells_what_and_when(service: InferenceService) -> None:
    pytest.importorskip("pymicro_features")
    from tests.voice.sounds import spoken

    session = await service.open("okay_nabu", "a program")
    (heard,) = await session.feed(spoken("okay nabu"))
    assert (heard.label, session.task) == ("okay nabu", "wake-word")
    assert 0.85 < heard.probability <= 1
    assert 0.9 < heard.seconds < len(spoken("okay nabu")) / 32000


async def test_a_model_that_sees_does_not_hear(service: InferenceService) -> None:
    session = await service.open("digits", "a program")
    with pytest.raises(ModelError, match="model digits does not listen: its task is digit-classification"):
        await session.feed(bytes(320))


async def test_a_model_that_ended_its_process_three_times_is_not_tried_again(
    starting: Callable[..., InferenceService],
) -> None:
    service = starting(load_seconds=0.0)
    for _ in range(3):
        with pytest.raises(ModelError, match="took longer than 0 s"):
            await service.open(counter(), "a program")
    with pytest.raises(ModelError, match="has ended its process 3 times, and is not loaded again"):
        await service.open(counter(), "a program")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"backend": "another"}, "there is no back end 'another'; there are litert, tflite, reference"),
        ({"delegate": "/nowhere/libnpu.so"}, "the delegate /nowhere/libnpu.so cannot be loaded"),
    ],
)
async def test_a_runtime_that_is_not_there_is_named_to_who_opens_a_model(
    starting: Callable[..., InferenceService],
    settings: dict[str, str],
    sentence: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(ModelError) as caught:
        await starting(**settings).open("digits", "a program")
    assert sentence in str(caught.value)
    assert "Traceback" not in capfd.readouterr().err


def test_the_reference_kernels_are_a_back_end() -> None:
    pytest.importorskip("ai_edge_litert")
    backend = find_backend("reference")
    model = STORE.load(STORE.card("digits"), backend)
    (stored,) = model.invoke(model.inputs[0].quantize(image(FOUR)))
    assert (backend.name, int(stored.argmax())) == ("reference", 4)


def test_a_delegate_that_is_not_there_is_named() -> None:
    with pytest.raises(ModelError, match=r"the delegate /nowhere/libnpu\.so cannot be loaded"):
        find_backend(delegate="/nowhere/libnpu.so")


def test_without_delegates_the_answers_are_the_same() -> None:
    card: ModelCard = STORE.card("digits")
    for rows in (ZERO, FOUR):
        answers = []
        for delegate in ("default", "none"):
            model = STORE.load(card, find_backend(delegate=delegate))
            (stored,) = model.invoke(model.inputs[0].quantize(image(rows)))
            answers.append(int(stored.argmax()))
        assert answers[0] == answers[1]


def rows(*numbers: float) -> TensorData:
    return TensorData((len(numbers) // 4, 4), "float32", np.array(numbers, np.float32).tobytes())


async def test_a_model_of_wechat_programs_runs_with_as_many_rows_as_are_given(service: InferenceService) -> None:
    pytest.importorskip("onnxruntime")
    content = (Path(__file__).parent / "data" / "affine.onnx").read_bytes()
    session = await service.open(OwnModel("affine.onnx", content), "a program")
    assert session.inputs == (TensorInfo("x", (-1, 4), "float32"),)
    weights = np.arange(12, dtype=np.float32).reshape(4, 3) - 4
    for given in (rows(1, 2, 3, 4), rows(1, 0, 0, 0, 0, 0, 0, -1)):
        (answer,) = await session.run([given])
        x = np.frombuffer(given.data, np.float32).reshape(given.shape)
        assert answer.data == np.maximum(x @ weights, 0).tobytes()
        assert answer.shape == (given.shape[0], 3)
    with pytest.raises(ModelError, match=r"model affine\.onnx, input x: expected float32 \[-1, 4\], got float32 \[5\]"):
        await session.run([TensorData((5,), "float32", bytes(20))])


async def test_a_broken_onnx_file_ends_in_a_sentence(service: InferenceService) -> None:
    pytest.importorskip("onnxruntime")
    content = (Path(__file__).parent / "data" / "affine.onnx").read_bytes()
    with pytest.raises(ModelError, match="model broken cannot be loaded: "):
        await service.open(OwnModel("broken", content[:60]), "a program")
    chance = random.Random(5)  # noqa: S311 the same ones each time
    for _ in range(60):
        changed = bytearray(content)
        changed[chance.randrange(1, len(content))] = chance.randrange(256)
        try:
            session = await service.open(OwnModel("broken", bytes(changed)), "a program")
            await session.run([zeros(replace(tensor, shape=(1, 4))) for tensor in session.inputs])
        except ModelError as error:
            assert str(error).startswith("model broken"), error  # noqa: PT017 most of them raise, some may not
        await service.close_owner("a program")
