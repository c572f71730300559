"""Large patches travel in several frames (:func:`device_runtime.engine.frames.divide`)."""

from collections.abc import Sequence

from device_runtime.engine.frames import MAX_OPERATIONS


def is_followed(operations: Sequence[object]) -> bool:
    """Whether a patch goes on in the next frame. No step here makes one that ends with a full frame."""
    return len(operations) == MAX_OPERATIONS
