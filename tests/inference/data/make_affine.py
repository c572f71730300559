# mypy: ignore-errors
"""Makes ``affine.onnx``: ``y = relu(x @ w)`` with x of any number of rows and 4 columns; and, with one row,
``device_runtime/inference/warming.onnx``.

    pip install onnx && python make_affine.py
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = Path(__file__).parent


def make(path: Path, rows: int | str) -> None:
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, [rows, 4])
    wanted = helper.make_tensor_value_info("y", TensorProto.FLOAT, [rows, 3])
    weights = numpy_helper.from_array(np.arange(12, dtype=np.float32).reshape(4, 3) - 4, "w")
    nodes = [helper.make_node("MatMul", ["x", "w"], ["m"]), helper.make_node("Relu", ["m"], ["y"])]
    graph = helper.make_graph(nodes, "affine", [given], [wanted], [weights])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)


make(HERE / "affine.onnx", "n")
make(HERE.parents[2] / "device_runtime" / "inference" / "warming.onnx", 1)
