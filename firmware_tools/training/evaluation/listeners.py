"""The device's code for models that hear, as evaluation plays to it."""

from device_runtime.inference.backend import Model
from device_runtime.inference.card import ModelCard
from device_runtime.inference.listening import SoundClassifier
from device_runtime.inference.sounds import sound_settings
from firmware_tools.training.evaluation.streaming import Heard


class DeviceListener:
    """A model of one of the sound tasks, heard through :class:`device_runtime.inference.listening.SoundClassifier`.

    Raises:
        ModelError: the model cannot hear as its card says, or ``pymicro-features`` is not installed.
        CardError: the card lacks a parameter.
    """

    def __init__(self, model: Model, card: ModelCard) -> None:
        self._model, self._settings = model, sound_settings(card)
        self._classifier = SoundClassifier(model, self._settings)

    def feed(self, pcm: bytes) -> list[Heard]:
        """See :meth:`firmware_tools.training.evaluation.streaming.Listener.feed`."""
        return [Heard(one.label, one.seconds, one.probability) for one in self._classifier.feed(pcm)]

    def restart(self) -> None:
        """See :meth:`firmware_tools.training.evaluation.streaming.Listener.restart`."""
        self._model.reset()
        self._classifier = SoundClassifier(self._model, self._settings)  # its clock begins anew
