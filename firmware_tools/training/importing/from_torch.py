"""A step: a program of ``torch.export``, or a TorchScript file, to ONNX."""

import zipfile
from pathlib import Path

import numpy as np

from firmware_tools.training.importing.examples import Arrays
from firmware_tools.training.importing.steps import ONNX, save_reference, step

_COMPARED = 8
_OPSET = 17


def _work(source: Path, folder: Path, examples: Arrays) -> None:
    import torch

    tensors = [torch.from_numpy(np.ascontiguousarray(array)) for array in examples.values()]
    first = tuple(tensor[:1] for tensor in tensors)
    with zipfile.ZipFile(source) as archive:
        script = any(name.split("/", 1)[-1].startswith("code/") for name in archive.namelist())
    if script:
        call = torch.jit.load(source, map_location="cpu").eval()
        torch.onnx.export(call, first, folder / ONNX, dynamo=False, opset_version=_OPSET)
    else:
        program = torch.export.load(source)
        call = program.module()
        torch.onnx.export(program, f=folder / ONNX, dynamo=True, opset_version=_OPSET + 1, external_data=False)
    outputs = []
    with torch.no_grad():
        for at in range(min(_COMPARED, len(tensors[0]))):
            answer = call(*(tensor[at : at + 1] for tensor in tensors))
            answers = answer if isinstance(answer, tuple | list) else (answer,)
            outputs.append([each.detach().numpy() for each in answers])
    save_reference(folder, outputs)


if __name__ == "__main__":
    step(_work)
