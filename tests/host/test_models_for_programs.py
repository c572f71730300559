# ruff: noqa: E501 a line of JavaScript reads better whole
"""Programs on a whole virtual speaker with real models: the bundled digits and wake word, and files of their own."""

import asyncio
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device_runtime.capability.files import ProgramFiles
from device_runtime.capability.inference import inference_capabilities
from device_runtime.capability.registry import Caller, CapabilityGate
from device_runtime.host.board import find_board
from device_runtime.host.models import DeviceModels
from device_runtime.inference.store import ModelError, ModelStore
from device_runtime.program.limits import Limits
from device_runtime.program.manifest import parse_manifest
from tests.open_privacy import OpenPrivacy
from tests.voice.sounds import silence, spoken
from tests.whole_device import Screen, virtual_speaker

DIGITS = ModelStore().card("digits")
ROUTE = "pages/index/index"


def write_program(folder: Path, app_id: str, files: Mapping[str, str | bytes], **members: object) -> Path:
    """A program of one page, ``files[ROUTE.js]`` or ``.py``, that shows ``told``."""
    own = {"app_id": app_id, "name": app_id, "version": {"code": 1, "name": "1.0.0"}, **members}
    texts: dict[str, str | bytes] = {
        "cygnet.json": json.dumps(own),
        "app.json": json.dumps({"pages": [ROUTE]}),
        f"{ROUTE}.wxml": "<view>{{told}}</view>",
        **files,
    }
    if members.get("language") != "python":
        texts["app.js"] = "App({})"
    for name, text in texts.items():
        path = folder / app_id / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder / app_id


def page(body: str) -> dict[str, str | bytes]:
    return {
        f"{ROUTE}.js": f"Page({{ data: {{ told: '' }}, onLoad() {{ const tell = (told) => this.setData({{ told }}); {body} }} }})"
    }


async def shows(screen: Screen, app_id: str, text: str) -> str:
    """What a program's page shows once it has ``text`` in it."""
    await screen.launch(app_id)

    def shown() -> str:
        content = screen.page(app_id).text_content() if app_id in screen.pages else ""
        return content if text in content else ""

    found: str = await screen.until(shown)
    return found


def expected(image: "np.ndarray[tuple[int, ...], np.dtype[np.float32]]") -> list[float]:
    """What the back end says without anything of ours around it."""
    model = ModelStore().load(DIGITS)
    (stored,) = model.invoke(model.inputs[0].quantize(image))
    return [round(float(number), 4) for number in model.outputs[0].dequantize(stored).ravel()]


def image() -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
    """Something like a one."""
    drawn = np.zeros(DIGITS.inputs[0].shape, np.float32)
    drawn.reshape(8, 8)[:, 3:5] = 15.0
    return drawn


RUN = """
  session.onError((error) => tell(error.errMsg));
  session.onLoad(async () => {
    const { name, shape } = session.inputs[0];
    const data = new Float32Array(64); for (let row = 0; row < 8; row++) data.fill(15, row * 8 + 3, row * 8 + 5);
    const answer = await session.run({ [name]: { shape, data: data.buffer, type: 'float32' } });
    const numbers = Array.from(new Float32Array(answer[session.outputs[0].name].data), (n) => Math.round(n * 10000) / 10000);
    tell(JSON.stringify({ numbers, labels: session.labels }));
  });"""


def own_card() -> bytes:
    """The card of the digits as a program's own, without the source that a package has no need of."""
    head, _, rest = DIGITS.path.read_text().partition("[source]")
    return (head.replace('"digits"', '"own"') + "[[inputs]]" + rest.partition("[[inputs]]")[2]).encode()


@pytest.mark.parametrize("kind", ["shared", "own"])
async def test_a_program_computes_what_the_back_end_computes(tmp_path: Path, kind: str) -> None:
    if kind == "shared":
        files = page("const session = wx.createInferenceSession({ name: 'digits' });" + RUN)
        program = write_program(tmp_path, "test.digits", files, models=["digits"])
    else:
        files = page("const session = wx.createInferenceSession({ model: 'models/own.tflite' });" + RUN)
        files |= {"models/own.tflite": ModelStore().read(DIGITS), "models/own.toml": own_card()}
        program = write_program(tmp_path, "test.digits", files)
    async with virtual_speaker(tmp_path, program) as screen:
        told = json.loads(await shows(screen, "test.digits", "numbers"))
    assert told == {"numbers": pytest.approx(expected(image()), abs=1e-3), "labels": list(DIGITS.labels)}


async def test_a_program_in_python_computes_the_same(tmp_path: Path) -> None:
    source = """
from cygnet import Page, call


class Index(Page):
    data = {"told": ""}

    def on_load(self, query):
        opened = call("inference.open", ability="digit-classification")
        image = [15.0 if 3 <= place % 8 <= 4 else 0.0 for place in range(64)]
        answer = call("inference.run", session=opened["session"], inputs={opened["inputs"][0]["name"]: {"data": image}})
        numbers = answer["outputs"][opened["outputs"][0]["name"]]["data"]
        best = max(range(10), key=lambda place: numbers[place])
        self.set_data({"told": f"best {opened['labels'][best]} {round(numbers[best], 3)}"})
"""
    program = write_program(tmp_path, "test.python", {f"{ROUTE}.py": source}, language="python")
    async with virtual_speaker(tmp_path, program) as screen:
        told = await shows(screen, "test.python", "best")
    numbers = expected(image())
    best = int(np.argmax(numbers))
    assert told == f"best {DIGITS.labels[best]} {round(numbers[best], 3):g}"


async def test_the_onnx_model_of_a_wechat_program_runs_unmodified(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    body = """
      const session = wx.createInferenceSession({
        model: 'models/affine.onnx', precisionLevel: 4, typicalShape: { x: [2, 4] }, allowNPU: false, allowQuantize: false,
      });
      session.onError((error) => tell(error.errMsg));
      session.onLoad(async () => {
        const data = new Float32Array([1, 0, 0, 0, 0, 0, 0, 1]).buffer;
        const { y } = await session.run({ x: { shape: [2, 4], data, type: 'float32' } });
        tell(JSON.stringify([y.shape, y.type, Array.from(new Float32Array(y.data))]));
        session.destroy();
      });"""
    content = (Path(__file__).parents[1] / "inference/data/affine.onnx").read_bytes()
    program = write_program(tmp_path, "test.onnx", {**page(body), "models/affine.onnx": content})
    async with virtual_speaker(tmp_path, program) as screen:
        told = json.loads(await shows(screen, "test.onnx", "float32"))
    assert told == [[2, 3], "float32", [0, 0, 0, 5, 6, 7]]


async def test_what_is_said_to_the_screen_is_heard_by_a_program_and_shown_to_people(tmp_path: Path) -> None:
    files = page(
        """
        const session = wx.createInferenceSession({ ability: 'wake-word' });
        session.onError((error) => tell(error.errMsg));
        session.onLoad(() => { session.listen(); tell('listens') });
        session.onResult(({ label, seconds }) => { tell('heard ' + label + ' after ' + Math.round(seconds)); session.destroy() });"""
    )
    permissions = [{"name": "record", "reason": "to listen"}]
    program = write_program(tmp_path, "test.ears", files, permissions=permissions)
    async with virtual_speaker(tmp_path, program) as screen:
        await shows(screen, "test.ears", "listens")
        await screen.until(lambda: screen.listening == ["test.ears"])
        await screen.hear(silence(1) + spoken("okay nabu") + silence(1))
        assert "heard okay nabu after 2" in await shows(screen, "test.ears", "heard")
        await screen.until(lambda: screen.listening == [])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "model models/own.tflite is not a TensorFlow Lite model"),
        (b"\x1c\x00\x00\x00TFL3" + bytes(range(256)) * 64, "model models/own.tflite"),
        (b"\xff" * 4 + b"TFL3" + b"\xff" * 5000, "model models/own.tflite"),
    ],
    ids=["empty", "noise", "far offsets"],
)
async def test_a_broken_model_is_a_sentence_to_its_program_and_nothing_to_others(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    broken = page("const session = wx.createInferenceSession({ model: 'models/own.tflite' });" + RUN)
    sound = page("const session = wx.createInferenceSession({ name: 'digits' });" + RUN)
    programs = [
        write_program(tmp_path, "test.broken", {**broken, "models/own.tflite": content}),
        write_program(tmp_path, "test.sound", sound, models=["digits"]),
    ]
    async with virtual_speaker(tmp_path, *programs) as screen:
        assert sentence in await shows(screen, "test.broken", "createInferenceSession:fail")
        await shows(screen, "test.sound", "numbers")
        assert screen.errors() == []


async def test_ten_programs_that_share_a_model_take_the_memory_of_one(tmp_path: Path) -> None:
    models = DeviceModels(find_board("virtual-speaker"))
    files = ProgramFiles(tmp_path)
    gate = CapabilityGate(inference_capabilities(models.service, models, files, None, Limits(), OpenPrivacy()))
    document = {
        "app_id": "demo", "name": "Demo", "version": {"code": 1, "name": "1"}, "platform_version": {"min_code": 1},
        "pages": ["a"], "cygnet": {"models": ["digits"]},
    }  # fmt: skip
    callers = [Caller(f"demo.{number}", parse_manifest(json.dumps(document))) for number in range(10)]

    async def use(caller: Caller) -> list[float]:
        opened: Any = await gate.invoke(caller, "inference.open", {"name": "digits"})
        given: Any = {opened["inputs"][0]["name"]: {"data": image().tobytes()}}
        answer: Any = await gate.invoke(caller, "inference.run", {"session": opened["session"], "inputs": given})
        (output,) = answer["outputs"].values()
        return [round(number, 4) for number in struct.unpack("<10f", output["data"])]

    try:
        first = await use(callers[0])
        alone = models.service.memory_bytes()
        others = await asyncio.gather(*map(use, callers[1:]))
        assert others == [first] * 9
        assert models.service.memory_bytes() <= 1.1 * alone
    finally:
        await models.service.close()
        files.close()


@pytest.mark.parametrize("ability", ["", "mind-reading", "voice-activity"])
def test_an_ability_without_a_model_is_told_with_those_that_there_are(ability: str) -> None:
    with pytest.raises(ModelError, match=r"it has .*digit-classification, .*wake-word"):
        DeviceModels(find_board("virtual-speaker")).model_for(ability)


def test_the_wake_word_is_that_of_the_board_and_speech_is_in_its_language(tmp_path: Path) -> None:
    text = ModelStore().card("alexa").path.read_text()
    for name, language in (("words_a", "zh"), ("words_b", "en")):
        folder = tmp_path / name
        folder.mkdir()
        card = text.replace('name = "alexa"', f'name = "{name}"').replace(
            'task = "wake-word"', 'task = "spoken-commands"'
        )
        (folder / "card.toml").write_text(card.replace("[parameters]", f'[parameters]\nlanguage = "{language}"'))
    models = DeviceModels(find_board("virtual-speaker"), ModelStore([tmp_path]))
    assert models.model_for("wake-word") == "okay_nabu"
    assert models.model_for("spoken-commands") == "words_b"


async def test_programs_that_wait_for_the_same_word_share_one_ear(tmp_path: Path) -> None:
    body = """
      const session = wx.createInferenceSession({ ability: 'wake-word' });
      session.onError((error) => tell(error.errMsg));
      session.onLoad(() => { session.listen(); tell('listens') });
      session.onResult(({ label }) => { session.stop(); tell('heard ' + label) });"""
    permissions = [{"name": "record", "reason": "to listen"}]
    names = [f"test.ears{number}" for number in range(3)]
    programs = [write_program(tmp_path, name, page(body), permissions=permissions) for name in names]
    async with virtual_speaker(tmp_path, *programs) as screen:
        for name in names:
            await shows(screen, name, "listens")
        await screen.until(lambda: sorted(screen.listening) == names)
        await screen.hear(silence(1) + spoken("okay nabu") + silence(1))
        for name in names:
            await shows(screen, name, "heard okay nabu")
        await screen.until(lambda: screen.listening == [])
