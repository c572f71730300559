"""A step: a program of PaddlePaddle (``paddle.jit.save``) to ONNX."""

from pathlib import Path

from firmware_tools.training.importing.examples import Arrays
from firmware_tools.training.importing.formats import parameters_of
from firmware_tools.training.importing.steps import ONNX, save_reference, step

_COMPARED = 8
_OPSET = 17


def _work(source: Path, folder: Path, examples: Arrays) -> None:
    import paddle
    import paddle2onnx

    paddle2onnx.export(str(source), str(parameters_of(source)), str(folder / ONNX), opset_version=_OPSET)
    layer = paddle.jit.load(str(source.with_suffix("")))
    layer.eval()
    arrays = list(examples.values())
    outputs = []
    for at in range(min(_COMPARED, len(arrays[0]))):
        answer = layer(*(paddle.to_tensor(array[at : at + 1]) for array in arrays))
        answers = answer if isinstance(answer, tuple | list) else (answer,)
        outputs.append([each.numpy() for each in answers])
    save_reference(folder, outputs)


if __name__ == "__main__":
    step(_work)
