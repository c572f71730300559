"""A ``.tflite`` for a microcontroller: read, checked, folded, planned and written as a compact file, ``.cgm``.

``device_runtime/micro/inference`` runs what this makes.
"""

from firmware_tools.build.micro_model.compiling import SUPPORTED, compile_model
from firmware_tools.build.micro_model.describing import ModelDescription, describe
from firmware_tools.build.micro_model.errors import MicroModelError

__all__ = ["SUPPORTED", "MicroModelError", "ModelDescription", "compile_model", "describe"]
