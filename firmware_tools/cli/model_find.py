"""The model that a command is told: by its name, or by its folder."""

from pathlib import Path

from device_runtime.inference.card import CARD_FILE, ModelCard
from device_runtime.inference.store import ModelStore


def find_model(place: str) -> tuple[ModelStore, ModelCard]:
    """The card of a model by its name, or by its folder, and the store that has it.

    Raises:
        CardError, ModelError: there is none, or it is faulty.
    """
    folder = Path(place)
    if (folder / CARD_FILE).is_file():
        folder = folder.resolve()
        store = ModelStore((folder.parent,))
        return store, store.card(folder.name)
    store = ModelStore()
    return store, store.card(place)
