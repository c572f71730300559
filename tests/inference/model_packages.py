"""Models for tests: real ones of Cygnet's own folder, under other versions."""

import re
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.inference.package import collect_model, seal_model
from device_runtime.resources import resource_directory

KEY = Ed25519PrivateKey.from_private_bytes(b"\x05" * 32)


def digits_entries(code: int = 1, name: str = "digits", ballast: int = 0, said: str = "") -> dict[str, bytes]:
    """The model of handwritten digits as version ``code`` of the model ``name``; ``ballast`` bytes make it larger, and
    with ``said`` its labels begin with that."""
    entries = collect_model(resource_directory("models") / "digits")
    replaced = ('name = "digits"', "version =")
    lines = [line for line in entries["card.toml"].decode().splitlines() if not line.startswith(replaced)]
    head = [f'name = "{name}"', f'version = {{code = {code}, name = "{code}.0"}}']
    if ballast:
        head.append("# " + "x" * ballast)
    if said:
        labels = next(line for line in lines if line.startswith("labels ="))
        lines[lines.index(labels)] = re.sub('(?<=[ [])"', f'"{said} ', labels)
    card = "\n".join([*head, *lines])
    assert said in card
    return {**entries, "card.toml": card.encode()}


def digits_package(
    code: int = 1, name: str = "digits", ballast: int = 0, key: Ed25519PrivateKey = KEY, said: str = ""
) -> bytes:
    """A sealed package of :func:`digits_entries`."""
    return seal_model(digits_entries(code, name, ballast, said), key)


def digits_folder(folder: Path, code: int = 1, name: str = "digits", said: str = "") -> Path:
    """The same as a model's folder, as a developer has it."""
    model = folder / name
    model.mkdir(parents=True, exist_ok=True)
    for entry, data in digits_entries(code, name, said=said).items():
        (model / entry).write_bytes(data)
    return model
