"""Imports: a small model of each framework, made here, becomes an int8 model that answers as it did."""

import importlib.util
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from device_runtime.inference.card import read_card
from firmware_tools.cli import cygnet
from firmware_tools.training.importing.examples import in_order, read_examples
from firmware_tools.training.importing.formats import find_format
from firmware_tools.training.workplace import LabError
from tests.training.recipes import Silence

pytestmark = pytest.mark.timeout(600)


def has(*modules: str) -> bool:
    return all(importlib.util.find_spec(module) for module in modules)


def needs(*modules: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not has("tensorflow", *modules), reason=f"needs tensorflow, {', '.join(modules)}")


# Each writes its model below the folder in argv[1] and `answers.npy`, what it says to `inputs.npz`, channels first.
ONNX = ("onnx", "onnxruntime", "onnx2tf", "tf_keras")
_TORCH = """
import sys, numpy as np, torch
folder = sys.argv[1]
torch.manual_seed(1)
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first = torch.nn.Conv2d(3, 8, 3, padding=1)
        self.norm = torch.nn.BatchNorm2d(8)
        self.deep = torch.nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.last = torch.nn.Linear(8, 4)
    def forward(self, x):
        x = torch.max_pool2d(torch.relu(self.norm(self.first(x))), 2)
        return torch.softmax(self.last(torch.relu(self.deep(x)).mean((2, 3))), 1)
net = Net().eval()
x = torch.from_numpy(np.load(f"{folder}/inputs.npz")["x"])
np.save(f"{folder}/answers.npy", net(x).detach().numpy())
"""
MAKERS = {
    "net.pt2": (
        ("torch", "onnxscript", *ONNX),
        _TORCH + "torch.export.save(torch.export.export(net, (x[:1],)), f'{folder}/net.pt2')",
    ),
    "net.pt": (("torch", *ONNX), _TORCH + "torch.jit.save(torch.jit.trace(net, x[:1]), f'{folder}/net.pt')"),
    "net.onnx": (
        ("torch", "onnxscript", *ONNX),
        _TORCH + "torch.onnx.export(net, (x[:1],), f'{folder}/net.onnx', dynamo=True, external_data=False)",
    ),
    "inference.json": (
        ("paddle", "paddle2onnx", *ONNX),
        """
import sys, numpy as np, paddle
folder = sys.argv[1]
paddle.seed(1)
class Net(paddle.nn.Layer):
    def __init__(self):
        super().__init__()
        self.first = paddle.nn.Conv2D(3, 8, 3, padding=1)
        self.last = paddle.nn.Linear(8 * 4 * 4, 4)
    def forward(self, x):
        x = paddle.nn.functional.max_pool2d(paddle.nn.functional.relu(self.first(x)), 2)
        return paddle.nn.functional.softmax(self.last(x.flatten(1)))
net = Net()
net.eval()
spec = [paddle.static.InputSpec([1, 3, 8, 8], "float32", "x")]
paddle.jit.save(net, f"{folder}/inference", input_spec=spec)
np.save(f"{folder}/answers.npy", net(paddle.to_tensor(np.load(f"{folder}/inputs.npz")["x"])).numpy())
""",
    ),
}  # fmt: skip


def write_inputs(folder: Path) -> Any:
    x = np.random.default_rng(2).standard_normal((24, 3, 8, 8)).astype(np.float32)
    np.savez(folder / "inputs.npz", x=x)
    return x


def answers_of(path: Path, inputs: Any) -> Any:
    """What a .tflite file says, in real numbers, to inputs of its own layout."""
    from device_runtime.inference.backend import find_backend

    model = find_backend("litert").load(path, path.stem)
    return np.concatenate(
        [
            model.outputs[0].dequantize(model.invoke(model.inputs[0].quantize(each[None]))[0])
            for each in np.moveaxis(inputs, 1, -1)
        ]
    )


@pytest.mark.parametrize("name", [pytest.param(name, marks=needs(*modules)) for name, (modules, _) in MAKERS.items()])
def test_a_model_of_another_framework_answers_as_it_did(tmp_path: Path, name: str) -> None:
    inputs = write_inputs(tmp_path)
    script = tmp_path / "make.py"  # PaddlePaddle reads the source of what it saves
    script.write_text(MAKERS[name][1])
    made = subprocess.run(
        [sys.executable, "-W", "ignore", str(script), str(tmp_path)], capture_output=True, check=False
    )
    assert made.returncode == 0, made.stderr.decode()[-2000:]
    told = CliRunner().invoke(
        cygnet,
        ["model", "import", str(tmp_path / name), "--representative", str(tmp_path / "inputs.npz"),
         "--output", str(tmp_path / "mine"), "--layers"],
    )  # fmt: skip
    assert told.exit_code == 0, told.output + str(told.exception)
    assert "Its input x" in told.stdout
    assert "[1, 8, 8, 3] here: channels come last" in told.stdout
    assert "CONV_2D" in told.stdout
    wanted = np.load(tmp_path / "answers.npy")
    np.testing.assert_allclose(answers_of(tmp_path / "mine/mine_float.tflite", inputs), wanted, atol=1e-5)
    int8 = answers_of(tmp_path / "mine/mine.tflite", inputs)
    assert np.abs(int8 - wanted).max() < 0.05
    card = read_card(tmp_path / "mine/card.toml")
    assert card.inputs[0].shape == (1, 8, 8, 3)
    assert card.recipe.startswith("Imported from ")


@needs("keras")
@pytest.mark.parametrize("name", ["net.keras", "net.h5", "net"])
def test_a_model_of_keras_answers_as_it_did(tmp_path: Path, name: str) -> None:
    import keras
    from keras import layers

    from firmware_tools.training.determinism import start_tensorflow
    from firmware_tools.training.importing import import_model
    from firmware_tools.training.recipe import Quantization

    start_tensorflow(1)
    shape, activation = (8, 8, 3), "softmax"
    net = keras.Sequential(
        [
            keras.Input(shape), layers.Conv2D(8, 3, padding="same", activation="relu"),
            layers.GlobalAveragePooling2D(), layers.Dense(4, activation=activation),
        ]
    )  # fmt: skip
    inputs = np.moveaxis(write_inputs(tmp_path), 1, -1)
    np.save(tmp_path / "inputs.npy", inputs)
    if name == "net":
        net.export(tmp_path / name, verbose=False)
    else:
        net.save(tmp_path / name)
    imported = import_model(tmp_path / name, tmp_path / "inputs.npy", Quantization(), Silence(), "net")
    (tmp_path / "float.tflite").write_bytes(imported.twin)
    found = answers_of(tmp_path / "float.tflite", np.moveaxis(inputs, -1, 1))
    np.testing.assert_allclose(found, net.predict(inputs, verbose=0), atol=1e-5)
    assert imported.moved == []
    assert min(each.sqnr_db for each in imported.layers) > 20


@needs("keras")
@pytest.mark.parametrize("name", ["net.keras", "net.h5"])
def test_code_in_a_file_of_keras_is_not_run(tmp_path: Path, name: str) -> None:
    import keras
    from keras import layers

    from firmware_tools.training.importing import import_model
    from firmware_tools.training.recipe import Quantization

    ran = tmp_path / "ran"
    bomb = layers.Lambda(lambda x, place=str(ran): (open(place, "w"), x)[1], output_shape=(3,))  # noqa: PTH123, SIM115
    keras.Sequential([keras.Input((3,)), bomb]).save(tmp_path / name)
    ran.unlink(missing_ok=True)
    np.save(tmp_path / "inputs.npy", np.zeros((4, 3)))
    with pytest.raises(LabError, match=r"Keras cannot load"):
        import_model(tmp_path / name, tmp_path / "inputs.npy", Quantization(), Silence(), "net")
    assert not ran.exists()


class Bomb:
    def __reduce__(self) -> Any:
        return (Path("/tmp/cygnet-was-run").touch, ())  # noqa: S108 (that it is not made is the test)


def archive(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name in names:
            file.writestr(name, b"{}")
    return path


def test_what_a_file_is_is_told_from_its_content(tmp_path: Path) -> None:
    (tmp_path / "sm").mkdir()
    (tmp_path / "sm/saved_model.pb").write_bytes(b"")
    (tmp_path / "m.pdiparams").write_bytes(b"")
    (tmp_path / "m.json").write_bytes(b"{}")
    (tmp_path / "m.onnx").write_bytes(b"\x08\x07")
    (tmp_path / "m.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    found = [find_format(tmp_path / name) for name in ("sm", "m.json", "m.onnx", "m.h5")]
    assert found == ["saved-model", "paddle", "onnx", "h5"]
    assert find_format(archive(tmp_path / "a", "config.json", "model.weights.h5")) == "keras"
    assert find_format(archive(tmp_path / "b", "net/models/model.json")) == "torch-export"
    assert find_format(archive(tmp_path / "c", "net/code/a.py", "net/constants.pkl", "net/data.pkl")) == "torch-script"


@pytest.mark.parametrize("name", ["net.pt", "net.pth", "net.bin", "net.pt2", "net.onnx.pkl"])
def test_a_pickle_is_refused_and_never_run(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(LabError, match=r"pickled Python objects, which run code when they are read; torch.export.save"):
        find_format(tmp_path / name)
    assert not Path("/tmp/cygnet-was-run").exists()  # noqa: S108


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("net/data.pkl", "net/version"), r"pickled Python objects, .* or weights without a network"),
        (("archive/serialized_exported_program.json",), r"was written by an older PyTorch"),
        (("word/document.xml",), r"is a ZIP archive of no format that is known here; expected .keras"),
    ],
)
def test_an_archive_of_something_else_is_told(tmp_path: Path, names: tuple[str, ...], told: str) -> None:
    with pytest.raises(LabError, match=told):
        find_format(archive(tmp_path / "net.pt", *names))


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("net.tflite", b"\x1c\0\0\0TFL3" + bytes(64), r"is a TensorFlow Lite model already, which is what import"),
        ("net.txt", b"hello", r"is of no format that is known here"),
        ("net.json", b"{}", r"is of PaddlePaddle, and its weights net.pdiparams are not beside it"),
        ("net.zip", b"PK\x05\x06" + bytes(18), r"ZIP archive of no format"),
    ],
)
def test_a_file_of_something_else_is_told(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(LabError, match=told):
        find_format(tmp_path / name)
    with pytest.raises(LabError, match=r"is a folder without a saved_model.pb"):
        find_format(tmp_path)
    with pytest.raises(LabError, match=r"cannot be read: No such file"):
        find_format(tmp_path / "absent")


def test_examples_are_read_from_a_file_or_a_folder_evenly(tmp_path: Path) -> None:
    folder = tmp_path / "each"
    folder.mkdir()
    for at in range(4):
        np.save(folder / f"{at}.npy", np.full((2, 3), at, np.uint8))
    np.savez(tmp_path / "all.npz", a=np.arange(10), b=np.arange(20).reshape(10, 2))
    assert read_examples(folder, 10)["input"].shape == (4, 2, 3)
    arrays = read_examples(tmp_path / "all.npz", 4)
    assert [list(arrays["a"]), arrays["b"].shape, arrays["b"].dtype] == [[0, 3, 6, 9], (4, 2), np.float32]
    assert [array.ndim for array in in_order(arrays, ["b", "a"], "net")] == [2, 1]
    assert [array.ndim for array in in_order(arrays, ["x", "y"], "net")] == [1, 2]
    with pytest.raises(LabError, match=r"net takes 1 inputs \(x\), the examples have 2 \(a, b\)"):
        in_order(arrays, ["x"], "net")


def _objects(path: Path) -> None:
    np.save(path, np.array([Bomb()], object), allow_pickle=True)


@pytest.mark.parametrize(
    ("name", "write", "told"),
    [
        ("x.npz", lambda path: np.savez(path, a=np.zeros(3), b=np.zeros(4)), r"as many examples for each input"),
        ("x.npz", lambda path: np.savez(path, a=np.zeros((0, 3))), r"at least one"),
        ("x.npz", lambda path: np.savez(path, a=np.array(["no"])), r"a is no array of numbers"),
        ("x.npz", lambda path: path.write_bytes(b"PK"), r"cannot be read"),
        ("x.npy", lambda path: np.save(path, np.array([np.nan])), r"are not all finite numbers"),
        ("x.npy", _objects, r"cannot be read"),
        ("x", lambda path: path.mkdir(), r"the folder has no .npy files"),
    ],
)
def test_examples_that_are_none_are_told(tmp_path: Path, name: str, write: Any, told: str) -> None:
    write(tmp_path / name)
    with pytest.raises(LabError, match=told):
        read_examples(tmp_path / name, 10)
    assert not Path("/tmp/cygnet-was-run").exists()  # noqa: S108


@pytest.mark.skipif(has("onnx2tf"), reason="it is installed")
def test_a_library_that_is_missing_is_told(tmp_path: Path) -> None:
    from firmware_tools.training.importing.steps import run_step, save_examples

    save_examples(tmp_path, {"x": np.zeros((1, 2), np.float32)})
    with pytest.raises(LabError, match=r"importing from ONNX needs onnx, .* run: pip install 'cygnet\[train-import\]'"):
        run_step("from_onnx", tmp_path / "net.onnx", tmp_path, "ONNX")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), b"\x93NUMPY\x01\x00"])
def test_examples_that_are_no_arrays_are_told_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "inputs.npz").write_bytes(content)
    with pytest.raises(LabError, match=r"inputs\.npz"):
        read_examples(tmp_path / "inputs.npz", 10)
