"""The model that a command is told: by its name, or by its folder."""

from pathlib import Path

from device_runtime.inference.card import CARD_FILE, ModelCard, read_card
from device_runtime.inference.store import ModelError, ModelStore


def find_model(place: str) -> tuple[ModelStore, ModelCard]:
    """The card of a model by its name, or by its folder, and the store that has it.

    Raises:
        CardError, ModelError: there is none, or it is faulty.
    """
    folder = Path(place)
    if (folder / CARD_FILE).is_file():
        # The card alone is read: what is wrong with models beside it is no matter here.
        return ModelStore(), read_card(folder.resolve() / CARD_FILE)
    store = ModelStore()
    if folder.is_dir() and place not in {card.name for card in store.cards()}:
        raise ModelError(f"{place} is a folder without a {CARD_FILE}; `cygnet model new` shows what one has")
    return store, store.card(place)
