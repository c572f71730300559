"""What a model that is no model for a microcontroller is refused with."""

from device_runtime.errors import CygnetError


class MicroModelError(CygnetError):
    """A ``.tflite`` cannot become a ``.cgm``; the sentence names model, operator, tensor and what was expected."""
