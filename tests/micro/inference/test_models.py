"""Whole models on MicroPython, byte for byte as the reference kernels have them, step by step with a reset between."""

from importlib.util import find_spec
from pathlib import Path

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from mpremote.romfs import VfsRomWriter

from firmware_tools.build.micro_model import compile_model, describe
from tests.micro.board import run
from tests.micro.inference.running import Case, answers
from tests.micro.inference.tflite_models import Maker, options, reference_outputs

_ROOT = Path(__file__).parents[3]
_STEPS = 40


def wake_word(name: str) -> bytes:
    """A streaming model of microWakeWord as its package carries it."""
    package = find_spec("pymicro_wakeword")
    assert package, "install the extra `voice`"
    assert package.submodule_search_locations
    return (Path(package.submodule_search_locations[0]) / "models" / f"{name}.tflite").read_bytes()


def before_the_end(tflite: bytes) -> bytes:
    """A wake word whose output is what LOGISTIC is given: for most sounds its own output is 0."""
    model = schema.ModelT.InitFromPackedBuf(tflite)
    graph = model.subgraphs[0]
    codes = [each.builtinCode for each in model.operatorCodes]
    (last,) = (each for each in graph.operators if codes[each.opcodeIndex] == schema.BuiltinOperator.LOGISTIC)
    graph.outputs = [int(last.inputs[0])]
    model.signatureDefs = []
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def case(name: str, tflite: bytes, count: int = _STEPS) -> Case:
    """A model with random inputs; those of wake words rise and fall as sound does."""
    rng = np.random.default_rng(3)
    steps = []
    for step in range(count):
        low = -128 if step % 3 else -40
        steps.append(
            [
                rng.integers(low, 128, each.shape).astype(each.dtype)
                for each in describe(compile_model(tflite, name)).inputs
            ]
        )
    return Case(name, tflite, steps)


@pytest.mark.parametrize("port", ["micropython", "micropython_32"])
def test_models_of_this_repository_and_wake_words_answer_as_the_reference_does(
    port: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    cases = [case("digits", (_ROOT / "models/digits/digits.tflite").read_bytes())]
    for name in ("okay_nabu", "alexa", "hey_jarvis", "hey_mycroft"):
        cases += [case(name, wake_word(name)), case(f"{name}, its logits", before_the_end(wake_word(name)))]
    said = answers(request.getfixturevalue(port), cases, tmp_path)
    for one, ours in zip(cases, said, strict=True):
        half = _STEPS // 2
        theirs = [*reference_outputs(one.tflite, one.steps[:half]), *reference_outputs(one.tflite, one.steps[half:])]
        wrong = [step for step in range(_STEPS) if not np.array_equal(ours[step][0], theirs[step][0])]
        assert not wrong, one.name
        assert "logits" not in one.name or len({step[0].tobytes() for step in ours}) > _STEPS // 4, "they should vary"


@pytest.mark.parametrize("name", ["commands_en", "commands_zh"])
def test_spoken_commands_answer_as_the_reference_does(name: str, micropython: str, tmp_path: Path) -> None:
    one = case(name, (_ROOT / f"models/{name}/{name}.tflite").read_bytes(), 6)
    (ours,) = answers(micropython, [one], tmp_path)
    for step, theirs in zip(ours, reference_outputs(one.tflite, one.steps), strict=True):
        np.testing.assert_array_equal(step[0], theirs[0])
    assert len({step[0].tobytes() for step in ours}) > 1, "they should vary"


def test_a_bias_may_have_its_scales_along_any_dimension_since_it_has_one() -> None:
    """Converters left in it the dimension that the weights have theirs along; LiteRT of today refuses such a file."""

    def depthwise(axis: int) -> bytes:
        maker = Maker()
        given, made = maker.tensor([1, 5, 5, 4], "int8", 0.04, 3), maker.tensor([1, 3, 3, 4], "int8", 0.05, -7)
        scales = [0.01, 0.02, 0.015, 0.03]
        taps = np.arange(-18, 18).reshape(1, 3, 3, 4).astype(np.int8)
        weights = maker.tensor(taps.shape, "int8", scales, content=taps, axis=3)
        numbers = np.array([900, -70, 0, 3], np.int32)
        bias = maker.tensor([4], "int32", [0.04 * scale for scale in scales], content=numbers, axis=axis)
        of = options("DepthwiseConv2D", padding=1, strideH=1, strideW=1, depthMultiplier=1)
        maker.add("DEPTHWISE_CONV_2D", [given, weights, bias], [made], of)
        return maker.finish([given], [made])

    assert compile_model(depthwise(3), "theirs") == compile_model(depthwise(0), "theirs")


def test_float_ends_of_a_quantised_model_become_the_tensors_within(micropython: str, tmp_path: Path) -> None:
    maker = Maker()
    given, inner = maker.tensor([1, 8], "float32"), maker.tensor([1, 8], "int8", 0.5, 3)
    made, outer = maker.tensor([1, 8], "int8", 0.25, -5), maker.tensor([1, 8], "float32")
    maker.add("QUANTIZE", [given], [inner], options("Quantize"))
    maker.add("RELU", [inner], [made])
    maker.add("DEQUANTIZE", [made], [outer], options("Dequantize"))
    tflite = maker.finish([given], [outer])
    about = describe(compile_model(tflite, "ends"))
    assert [(port.name, port.dtype, port.scale, port.zero_point) for port in (*about.inputs, *about.outputs)] == [
        ("t0", "int8", 0.5, 3),
        ("t3", "int8", 0.25, -5),
    ]
    stored = np.array([[-128, -3, 2, 3, 4, 5, 60, 127]], np.int8)
    ((ours,),) = answers(micropython, [Case("ends", tflite, [[stored]])], tmp_path)[0]
    ((theirs,),) = reference_outputs(tflite, [[((stored.astype(np.float32) - 3) * 0.5)]])
    assert np.array_equal((ours.astype(np.float32) + 5) * 0.25, theirs)


def test_an_output_that_is_an_input_a_state_or_given_twice_is_a_copy(micropython: str, tmp_path: Path) -> None:
    maker = Maker()
    given, half = maker.tensor([2, 4], "int8", 0.5, 3), maker.tensor([8], "int8", 0.5, 3)
    constant = maker.tensor([4], "int8", 0.5, 3, np.array([1, -2, 3, -128], np.int8))
    total = maker.tensor([2, 4], "int8", 0.5, 3)
    maker.add("RESHAPE", [given, maker.ints([8])], [half], options("Reshape", newShape=[8]))
    maker.add("ADD", [given, constant], [total], options("Add"))
    tflite = maker.finish([given], [half, total, half])
    values = [[np.random.default_rng(step).integers(-128, 128, (2, 4)).astype(np.int8)] for step in range(4)]
    (ours,) = answers(micropython, [Case("copies", tflite, values)], tmp_path)
    for mine, theirs in zip(ours, reference_outputs(tflite, values), strict=True):
        assert all(np.array_equal(one, other) for one, other in zip(mine, theirs, strict=True))


def counter(*, read_late: bool) -> bytes:
    """A model with one variable: ``state += input``; its output is the state, of before or thereafter."""
    maker = Maker()
    start = maker.more()
    options_of = options("VarHandle", container="", sharedName="count")
    handle = maker.tensor([], "resource", graph=start)
    first = maker.tensor([4], "int8", 0.5, 0, np.array([1, 2, 3, -4], np.int8), graph=start)
    maker.add("VAR_HANDLE", [], [handle], options_of, graph=start)
    maker.add("ASSIGN_VARIABLE", [handle, first], [], options("AssignVariable"), graph=start)
    given, state = maker.tensor([4], "int8", 0.5, 0), maker.tensor([4], "int8", 0.5, 0)
    total, out = maker.tensor([4], "int8", 0.5, 0), maker.tensor([4], "int8", 0.5, 0)
    own = maker.tensor([], "resource")
    maker.add("CALL_ONCE", [], [], options("CallOnce", initSubgraphIndex=1))
    maker.add("VAR_HANDLE", [], [own], options_of)
    maker.add("READ_VARIABLE", [own], [state], options("ReadVariable"))
    maker.add("ADD", [state, given], [total], options("Add"))
    maker.add("ASSIGN_VARIABLE", [own, total], [], options("AssignVariable"))
    maker.add("ADD", [state if read_late else total, given], [out], options("Add"))
    return maker.finish([given], [out])


@pytest.mark.parametrize("read_late", [False, True])
def test_a_variable_keeps_its_content_until_a_reset(read_late: bool, micropython: str, tmp_path: Path) -> None:
    tflite = counter(read_late=read_late)
    values = [[np.random.default_rng(step).integers(-20, 20, 4).astype(np.int8)] for step in range(8)]
    (ours,) = answers(micropython, [Case("counter", tflite, values)], tmp_path)
    theirs = [*reference_outputs(tflite, values[:4]), *reference_outputs(tflite, values[4:])]
    assert [step[0].tolist() for step in ours] == [step[0].tolist() for step in theirs]


def test_firmware_without_viper_gives_the_same_as_bytecode(micropython: str, tmp_path: Path) -> None:
    one = case("digits", (_ROOT / "models/digits/digits.tflite").read_bytes())
    short = Case(one.name, one.tflite, one.steps[:1])
    none = (
        "import micro.inference.loading as loading\ndef none(*_): raise SyntaxError('invalid micropython decorator')\n"
    )
    ours = answers(micropython, [short], tmp_path, locked=False, after=none + "loading.__import__ = none")
    assert np.array_equal(ours[0][0][0], reference_outputs(short.tflite, short.steps)[0][0])


def test_the_same_model_gives_the_same_bytes() -> None:
    tflite = wake_word("okay_nabu")
    assert compile_model(tflite, "one") == compile_model(tflite, "one")


def test_the_arena_of_a_streaming_model_holds_its_states_and_little_more() -> None:
    about = describe(compile_model(wake_word("okay_nabu"), "okay_nabu"))
    assert about.arena < 6000
    assert about.size < len(wake_word("okay_nabu")) * 0.65


def test_shapes_that_the_converter_left_open_are_found(micropython: str, tmp_path: Path) -> None:
    maker = Maker()
    given = maker.tensor([1, 12, 4], "int8", 0.5, 3)
    spread, flat = maker.tensor([1, 8, 4], "int8", 0.5, 3), maker.tensor([1, 4], "int8", 0.5, 3)
    halved, made = maker.tensor([1, 4], "int8", 0.25, 3), maker.tensor([1, 8, 4], "int8", 0.25, 3)
    back = maker.tensor([1, 12, 4], "int8", 0.25, 3)
    for index, signature in ((spread, [-1, 8, 4]), (flat, [-1, 4]), (halved, [-1, 4]), (made, [-1, 8, 4])):
        maker.graph.tensors[index].shapeSignature = signature
    size, first = maker.tensor([3], "int32"), maker.tensor([1], "int32")
    whole = maker.tensor([3], "int32")
    block, edges = maker.ints([2]), maker.ints([2, 2], [1, 2])
    maker.add("SPACE_TO_BATCH_ND", [given, block, edges], [spread], options("SpaceToBatchND"))
    maker.add("RESHAPE", [spread, maker.ints([-1, 4])], [flat], options("Reshape", newShape=[-1, 4]))
    maker.add("QUANTIZE", [flat], [halved], options("Quantize"))
    maker.add("SHAPE", [spread], [size], options("Shape", outType=2))
    maker.add("STRIDED_SLICE", [size, maker.ints([0]), maker.ints([1]), maker.ints([1])], [first],
              options("StridedSlice"))  # fmt: skip
    maker.add("CONCATENATION", [first, maker.ints([8, 4])], [whole], options("Concatenation"))
    maker.add("RESHAPE", [halved, whole], [made])
    maker.add("BATCH_TO_SPACE_ND", [made, block, edges], [back], options("BatchToSpaceND"))
    tflite = maker.finish([given], [back])
    values = [[np.random.default_rng(step).integers(-128, 128, (1, 12, 4)).astype(np.int8)] for step in range(2)]
    (ours,) = answers(micropython, [Case("open", tflite, values)], tmp_path)
    for mine, theirs in zip(ours, reference_outputs(tflite, values), strict=True):
        assert np.array_equal(mine[0], theirs[0])


def test_a_model_in_a_rom_file_system_is_read_where_it_lies(micropython: str, tmp_path: Path) -> None:
    compact = compile_model(wake_word("okay_nabu"), "okay_nabu")
    writer = VfsRomWriter()
    writer.mkfile("model.cgm", compact)
    (tmp_path / "rom.img").write_bytes(writer.finalise())
    (tmp_path / "model.cgm").write_bytes(compact)
    script = """
import gc, vfs
from micro.inference.model import Model
vfs.mount(vfs.VfsRom(memoryview(open("rom.img", "rb").read())), "/rom")
whole = open("model.cgm", "rb").read()
Model(whole)
for source in ("/rom/model.cgm", "model.cgm", memoryview(b"-" + whole)[1:]):
    gc.collect()
    before = gc.mem_alloc()
    model = Model(source)
    gc.collect()
    took = gc.mem_alloc() - before
    for step in range(60):
        model.input(0)[:] = bytes([(step * 37 + at) & 255 for at in range(120)])
        model.invoke()
    print(took, bytes(model._arena).hex())
"""
    rom, file, odd = (line.split() for line in run(micropython, script, folder=tmp_path).strip().splitlines())
    assert rom[1] == file[1] == odd[1]
    assert int(rom[0]) + 40_000 < int(file[0])
