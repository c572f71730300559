"""A step: ONNX to a TensorFlow SavedModel in ``folder/saved_model``, by onnx2tf."""

import re
from pathlib import Path
from typing import Any

import numpy as np

from firmware_tools.training.importing.examples import Arrays, in_order
from firmware_tools.training.importing.steps import REFERENCE, save_facts, save_reference, step

SAVED_MODEL = "saved_model"
_COMPARED = 8
_FLOAT = 1  # onnx.TensorProto.FLOAT


def _work(source: Path, folder: Path, examples: Arrays) -> None:
    import onnx

    model = onnx.load(source, load_external_data=False)
    _refuse_files_beside(model)
    constants = {each.name for each in model.graph.initializer}
    inputs = [each for each in model.graph.input if each.name not in constants]
    for each in inputs:
        if each.type.tensor_type.elem_type != _FLOAT:
            raise ValueError(f"the input {each.name} is not float32, and only such can be quantised")
    arrays = in_order(examples, [each.name for each in inputs], source.name)
    for each, array in zip(inputs, arrays, strict=True):
        _fix_shape(each, (1, *array.shape[1:]))
    _rename(model, {each.name: _plain(each.name) for each in (*inputs, *model.graph.output)})
    plain = folder / "plain.onnx"
    onnx.save(model, plain)
    _answer(plain, folder, arrays)
    paths = _as_files(folder, [each.name for each in inputs], arrays)
    import onnx2tf

    # For pictures of three channels it fetches others from afar, even where it is given some, and does not use them.
    onnx2tf.onnx2tf.download_test_image_data = lambda: np.zeros((20, 128, 128, 3), np.float32)
    onnx2tf.convert(
        input_onnx_file_path=str(plain), output_folder_path=str(folder / SAVED_MODEL), output_signaturedefs=True,
        custom_input_op_name_np_data_path=paths, non_verbose=True,
    )  # fmt: skip
    save_facts(
        folder,
        {
            "inputs": [[each.name, list(array.shape[1:])] for each, array in zip(inputs, arrays, strict=True)],
            "outputs": [each.name for each in model.graph.output],
        },
    )


def _refuse_files_beside(model: Any) -> None:
    """Weights in other files: which ones, a stranger's file decides."""
    if any(each.external_data for each in model.graph.initializer):
        raise ValueError(
            "its weights are in other files; write it with them inside (torch.onnx.export with external_data=False)"
        )


def _fix_shape(value: Any, shape: tuple[int, ...]) -> None:
    dimensions = value.type.tensor_type.shape.dim
    told = [each.dim_value for each in dimensions]
    if len(told) != len(shape) or any(known not in (0, size) for known, size in zip(told, shape, strict=True)):
        raise ValueError(
            f"the input {value.name} takes {[size or '?' for size in told]}, one of the examples is {list(shape)}"
        )
    for dimension, size in zip(dimensions, shape, strict=True):
        dimension.dim_value = size


def _plain(name: str) -> str:
    plain = re.sub(r"\W", "_", name)
    return plain if plain[:1].isalpha() else f"t_{plain}"


def _rename(model: Any, names: dict[str, str]) -> None:
    """Inputs and outputs get names that TensorFlow takes."""
    if len(set(names.values())) != len(names):
        raise ValueError(f"its inputs and outputs have names that are too much alike: {', '.join(names)}")
    for node in model.graph.node:
        for group in (node.input, node.output):
            for at, name in enumerate(group):
                group[at] = names.get(name, name)
    for value in (*model.graph.input, *model.graph.output, *model.graph.value_info):
        value.name = names.get(value.name, value.name)


def _answer(path: Path, folder: Path, arrays: list[Any]) -> None:
    """What the ONNX model answers; kept, unless the framework that it came from has answered before."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_inputs()]
    outputs = [
        session.run(None, {name: array[at : at + 1] for name, array in zip(names, arrays, strict=True)})
        for at in range(min(_COMPARED, len(arrays[0])))
    ]
    if not (folder / REFERENCE).exists():
        save_reference(folder, outputs)


def _as_files(folder: Path, names: list[str], arrays: list[Any]) -> list[list[Any]]:
    """The first example of each input as onnx2tf wants it: with the channels last."""
    told = []
    for at, (name, array) in enumerate(zip(names, arrays, strict=True)):
        path = folder / f"input{at}.npy"
        np.save(path, np.moveaxis(array[:1], 1, -1) if array.ndim >= 3 else array[:1])
        told.append([name, str(path), 0.0, 1.0])
    return told


if __name__ == "__main__":
    step(_work)
