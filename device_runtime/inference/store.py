"""The models that this device has: found by name or by task, and checked before a byte of them is used."""

import hashlib
from collections.abc import Iterable, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from device_runtime.errors import CygnetError
from device_runtime.inference.card import CARD_FILE, ModelCard, read_card
from device_runtime.resources import resource_directory

if TYPE_CHECKING:
    from device_runtime.inference.backend import Backend, Model


class ModelError(CygnetError):
    """A model is not here, is not what its card says, or cannot be run."""


class ModelStore:
    """Model folders in the distribution's ``models`` directory and in ``directories``; a later one of a name wins.

    Raises:
        CardError: a card breaks its schema.
    """

    def __init__(self, directories: Iterable[Path] = ()) -> None:
        self.directories = tuple(directories)
        self._cards: dict[str, ModelCard] = {}
        for directory in (resource_directory("models"), *self.directories):
            for path in sorted(directory.glob(f"*/{CARD_FILE}")):
                card = read_card(path)
                self._cards[card.name] = card

    def cards(self, task: str = "") -> list[ModelCard]:
        """The cards by name, all or those of one task."""
        return [card for _, card in sorted(self._cards.items()) if task in ("", card.task)]

    def card(self, name: str) -> ModelCard:
        """The card of the model ``name``.

        Raises:
            ModelError: there is none.
        """
        if name not in self._cards:
            raise ModelError(f"there is no model {name!r} on this device; it has {', '.join(sorted(self._cards))}")
        return self._cards[name]

    def path(self, card: ModelCard) -> Path:
        """The model's file, after its SHA-256 was found to be the card's.

        Raises:
            ModelError: the package or the file is missing, or its bytes are others than the card's.
        """
        return self._verified(card)[0]

    def read(self, card: ModelCard) -> bytes:
        """The model's bytes, checked as by :meth:`path`. What was hashed is what is returned."""
        return self._verified(card)[1]

    def load(self, card: ModelCard, backend: "Backend | None" = None) -> "Model":
        """The model, ready to run, with the tensors that its card promises.

        ``backend`` is the runtime to use; by default whichever is installed.

        Raises:
            ModelError: as :meth:`path`; or not a model for a back end; or its tensors are not the card's.
            MissingRuntimeError: no runtime is installed.
        """
        from device_runtime.inference.backend import find_backend  # numpy and a runtime are an extra

        if card.source.format != "tflite":
            raise ModelError(
                f"model {card.name} is a {card.source.format} file, which no back end runs; "
                f"it belongs to the package {card.source.package}"
            )
        model = (backend or find_backend()).load(self.read(card), card.name)
        check_tensors(card, model.inputs, model.outputs)
        return model

    def _verified(self, card: ModelCard) -> tuple[Path, bytes]:
        path = self._locate(card)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ModelError(f"model {card.name}: {path} cannot be read: {error.strerror}") from error
        digest = hashlib.sha256(content).hexdigest()
        if digest != card.source.sha256:
            raise ModelError(
                f"model {card.name}: {path} has SHA-256 {digest}, its card {card.path} says {card.source.sha256}; "
                "reinstall the model, or measure the new one and write its own card"
            )
        return path, content

    def _locate(self, card: ModelCard) -> Path:
        source = card.source
        if not source.package:
            return card.path.parent / source.file
        try:
            return Path(str(metadata.distribution(source.package).locate_file(source.file)))
        except metadata.PackageNotFoundError as error:
            remedy = f"cygnet[{source.extra}]" if source.extra else source.package
            raise ModelError(
                f"model {card.name} is carried by the package {source.package}, which is not installed; "
                f"install it with: pip install '{remedy}'"
            ) from error


class _Promised(Protocol):
    """A tensor as a runtime describes it, or one that was told of it."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> object: ...

    @property
    def scale(self) -> float: ...

    @property
    def zero_point(self) -> int: ...


def check_tensors(card: ModelCard, inputs: Sequence[_Promised], outputs: Sequence[_Promised]) -> None:
    """Compare the tensors of a model with those of its card.

    Raises:
        ModelError: one has another shape, dtype, scale or zero point than the card says, or their number differs.
    """
    for kind, promised, real in (("input", card.inputs, inputs), ("output", card.outputs, outputs)):
        if len(promised) != len(real):
            raise ModelError(f"{card.path}: the card has {len(promised)} {kind}s, the model has {len(real)}")
        for told, found in zip(promised, real, strict=True):
            expected = (told.shape, told.dtype, told.zero_point)
            got = (found.shape, str(found.dtype), found.zero_point)
            if expected != got or abs(told.scale - found.scale) > 1e-5 * found.scale:
                raise ModelError(
                    f"{card.path}: {kind} {told.name} has shape, dtype, zero point {expected} and scale "
                    f"{told.scale} in the card, but {got} and {found.scale:.8g} in the model"
                )
