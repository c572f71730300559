"""``cygnet model import``: a model of another framework becomes an int8 one."""

import dataclasses
import re
from pathlib import Path

import click

from device_runtime.inference.card import model_name
from firmware_tools.cli.model_making import INTERRUPTED, tell
from firmware_tools.cli.model_progress import LabProgress
from firmware_tools.cli.model_quantize import say_boards, say_layers
from firmware_tools.training.card_writing import new_card, write_model
from firmware_tools.training.importing import Imported, import_model
from firmware_tools.training.importing.formats import TITLES
from firmware_tools.training.recipe import MODEL_NAME, Quantization
from firmware_tools.training.workplace import LabError, file_hash, told_when_full

_DTYPES = click.Choice(["int8", "uint8", "int16", "float32"])


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--representative", type=click.Path(path_type=Path, exists=True), required=True, metavar="DATA",
    help="Typical inputs, to measure ranges with: an .npz file with an array [n, …] for each input, or a folder of "
    ".npy files, one for each example.",
)  # fmt: skip
@click.option(
    "--output", type=click.Path(path_type=Path, file_okay=False), metavar="DIRECTORY",
    help="Where the model goes; its name is the model's.  [default: FILE's name, here]",
)  # fmt: skip
@click.option("--task", default="classification", show_default=True, help="What the card says that it is for.")
@click.option("--examples", type=click.IntRange(1, 100_000), default=300, show_default=True, help="At most so many.")
@click.option("--activations", type=click.Choice(["int8", "int16"]), default="int8", show_default=True)
@click.option("--input", "input_", type=_DTYPES, help="dtype of the inputs.  [default: as the activations]")
@click.option("--output-dtype", type=_DTYPES, help="dtype of the outputs.  [default: as the activations]")
@click.option("--layers", is_flag=True, help="Show every layer, and not only those that add most to the error.")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def import_(
    file: Path, representative: Path, output: Path | None, task: str, examples: int, activations: str,
    input_: str | None, output_dtype: str | None, layers: bool, as_json: bool,
) -> None:  # fmt: skip
    """Make an int8 model of FILE, of Keras, ONNX, PyTorch or PaddlePaddle, with a float32 twin and a card to fill in.

    Keras: .keras, .h5, or the folder of a SavedModel. ONNX: .onnx. PyTorch: .pt2, which torch.export.save writes, or
    TorchScript. PaddlePaddle: the .json or .pdmodel of paddle.jit.save. Files that run code when they are read, as
    those of torch.save do, are refused. A SavedModel is a program, too: import only those that you trust.

    \b
    Example:
      cygnet model import net.pt2 --representative inputs.npz
      cygnet model import net.onnx --representative inputs.npz --output models/gesture --task gestures
    """
    folder = output or Path(re.sub(r"[^a-z0-9_]+", "_", file.resolve().stem.lower()).strip("_") or "model")
    name = model_name(folder.resolve().name)
    if not MODEL_NAME.fullmatch(name):
        raise LabError(
            f"{folder.resolve().name!r} is no name for a model; choose another --output, of a-z, 0-9, _ and -"
        )
    how = _quantization(examples, activations, input_, output_dtype)
    try:
        with LabProgress(quiet=as_json) as progress:
            imported = import_model(file, representative, how, progress, name)
    except KeyboardInterrupt:
        click.echo("stopped; nothing was written", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None
    written = _write(folder, name, task, file, imported)
    if as_json:
        facts = {"name": name, "format": imported.kind, "error": imported.error, "bytes": len(imported.content)}
        tell(
            {
                **facts,
                "written": [str(path) for path in written],
                "channels_last": imported.moved,
                "layers": [dataclasses.asdict(each) for each in imported.layers],
            }
        )
        return
    _say(name, imported, whole=layers)
    click.echo("")
    for path in written:
        click.echo(f"  {path}")


def _quantization(examples: int, activations: str, input_: str | None, output: str | None) -> Quantization:
    allowed = ("int16", "float32") if activations == "int16" else ("int8", "uint8", "float32")
    for option, value in (("--input", input_), ("--output-dtype", output)):
        if value and value not in allowed:
            raise click.UsageError(f"{option} must be one of {', '.join(allowed)} with --activations {activations}")
    return Quantization(
        representative=examples,
        input=input_ or activations,  # type: ignore[arg-type]
        output=output or activations,  # type: ignore[arg-type]
        activations=activations,  # type: ignore[arg-type]
    )


def _write(folder: Path, name: str, task: str, file: Path, imported: Imported) -> list[Path]:
    with told_when_full(folder, cache=False):
        folder.mkdir(parents=True, exist_ok=True)
        card = ""
        if not (folder / "card.toml").exists():
            digest = f", SHA-256 {file_hash(file)}" if file.is_file() else ""
            how = f"Imported from {TITLES[imported.kind]}, {file.name}{digest}"
            card = new_card(name, task, imported.content, recipe=how)
    return write_model(folder, imported.content, imported.twin, card)


def _say(name: str, imported: Imported, *, whole: bool) -> None:
    click.echo(
        f"{name}: {len(imported.content):,} bytes, {len(imported.twin):,} in float32, from {TITLES[imported.kind]}; "
        f"float32 answers as the original within {imported.error:.1g} of the largest answer"
    )
    for each, shape in imported.inputs:
        if each in imported.moved:
            click.echo(f"Its input {each} is {list(shape)} here: channels come last in TensorFlow Lite.")
    click.echo("")
    say_layers(imported.layers, whole=whole)
    say_boards(imported.content, name)
