"""The models of a device for its programs: how they are run, and which one serves an ability."""

from collections.abc import Mapping
from importlib.util import find_spec

from device_runtime.host.board import Board
from device_runtime.inference.service import InferenceService, InferenceSettings
from device_runtime.inference.store import ModelError, ModelStore

# A runtime for models that comes as this module, whatever back end uses it.
_RUNTIMES = ("ai_edge_litert", "tflite_runtime")
_RUNNABLE = "tflite"
# espeak-ng's names of languages that BCP 47 calls otherwise.
_LANGUAGES = {"cmn": "zh", "yue": "zh"}


class DeviceModels:
    """Opens models for programs, and chooses them by ability.

    Raises:
        CardError: the card of a model breaks its schema.
    """

    def __init__(self, board: Board, store: ModelStore | None = None) -> None:
        self._store = store or ModelStore()
        voice = board.voice.speech_voice.partition("-")[0].partition("+")[0]
        self._language = _LANGUAGES.get(voice, voice)
        self._wake_model = board.voice.wake_model
        inference = board.inference
        self.service = InferenceService(
            self._store,
            InferenceSettings(
                backend=inference.backend,
                threads=inference.threads,
                delegate=inference.delegate,
                memory_bytes=inference.memory_mb * 1024 * 1024,
                required_barriers=board.isolation.require,
            ),
        )

    def model_for(self, ability: str) -> str:
        """The model of this task: the board's own choice of a wake word, then one in the language that it speaks, then
        the first by name.

        Raises:
            ModelError: the device has none; the sentence says what it has.
        """
        cards = [card for card in self._store.cards(ability) if card.source.format == _RUNNABLE] if ability else []
        if not cards:
            able = sorted({card.task for card in self._store.cards() if card.source.format == _RUNNABLE})
            raise ModelError(
                f"this device has no model for the ability {ability[:64]!r}; it has {', '.join(able) or 'none'}"
            )
        fitting = [card for card in cards if card.parameters.get("language") == self._language]
        chosen = [card for card in cards if card.name == self._wake_model]
        return (chosen or fitting or cards)[0].name

    def parameters_of(self, model: str) -> Mapping[str, str | int | float | bool]:
        """See :meth:`device_runtime.capability.inference.Abilities.parameters_of`."""
        return self._store.card(model).parameters


def can_run_models() -> bool:
    """If a runtime for models is installed."""
    return find_spec("numpy") is not None and any(find_spec(module) is not None for module in _RUNTIMES)
