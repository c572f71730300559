"""The models that this device has: found by name or by task, and checked before a byte of them is used."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from device_runtime.errors import CygnetError
from device_runtime.inference.card import CARD_FILE, ModelCard, read_card
from device_runtime.resources import resource_directory

if TYPE_CHECKING:
    from device_runtime.inference.backend import Backend, Model
    from device_runtime.inference.installed import InstalledModels


class ModelError(CygnetError):
    """A model is not here, is not what its card says, or cannot be run."""


class ModelStore:
    """Model folders in the distribution's ``models`` directory and in ``directories``; a later one of a name wins.

    One that came from the fleet (``installed``) wins over these only if its version is higher: a device that was
    updated does not go on with an older model than it brings.

    Raises:
        CardError: a card breaks its schema.
    """

    def __init__(self, directories: Iterable[Path] = (), installed: "InstalledModels | None" = None) -> None:
        self._directories = tuple(directories)
        self._installed = installed
        self._cards: dict[str, ModelCard] = {}
        for directory in (resource_directory("models"), *self._directories):
            for path in sorted(directory.glob(f"*/{CARD_FILE}")):
                card = read_card(path)
                self._cards[card.name] = card

    @property
    def directories(self) -> tuple[Path, ...]:
        """Where this store has its models from, besides the distribution: a store of these directories finds the same
        models, in another process."""
        cards = self._all()
        own = {id(card) for card in self._cards.values()}
        return (*self._directories, *(card.path.parent.parent for card in cards.values() if id(card) not in own))

    def cards(self, task: str = "") -> list[ModelCard]:
        """The cards by name, all or those of one task."""
        return [card for _, card in sorted(self._all().items()) if task in ("", card.task)]

    def own_cards(self) -> list[ModelCard]:
        """The cards by name of the models that came with this device, and not from a fleet."""
        return [card for _, card in sorted(self._cards.items())]

    def card(self, name: str) -> ModelCard:
        """The card of the model ``name``.

        Raises:
            ModelError: there is none.
        """
        cards = self._all()
        if name not in cards:
            raise ModelError(f"there is no model {name!r} on this device; it has {', '.join(sorted(cards))}")
        return cards[name]

    def hold(self, card: ModelCard) -> Callable[[], None]:
        """Keep a card's files where they are while they are used, also when the fleet sends another version or takes
        the model away; call what is returned at the end."""
        if self._installed is None or card is self._cards.get(card.name):
            return lambda: None
        return self._installed.hold(card)

    def _all(self) -> dict[str, ModelCard]:
        cards = dict(self._cards)
        for card in self._installed.cards() if self._installed is not None else ():
            own = self._cards.get(card.name)
            if own is None or card.version.code > own.version.code:
                cards[card.name] = card
        return cards

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
            same_scale = abs(told.scale - found.scale) <= 1e-5 * found.scale
            for what, expected, got, same in (
                ("shape", list(told.shape), list(found.shape), told.shape == found.shape),
                ("dtype", told.dtype, str(found.dtype), told.dtype == str(found.dtype)),
                ("zero point", told.zero_point, found.zero_point, told.zero_point == found.zero_point),
                ("scale", f"{told.scale:.8g}", f"{found.scale:.8g}", same_scale),
            ):
                if not same:
                    raise ModelError(
                        f"{card.path}: {kind} {told.name} has the {what} {expected} in the card, and {got} in the model"
                    )
