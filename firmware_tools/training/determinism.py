"""TensorFlow set up so that the same recipe gives the same bytes."""

import contextlib
import logging
import os
import random
import sys
import tempfile
import warnings
from collections.abc import Iterator
from typing import Any

# The number of threads decides the order of sums, so it is the same on every machine.
THREADS = 2


def start_tensorflow(seed: int) -> Any:
    """The module ``tensorflow``, seeded, with Python's and numpy's generators, and with deterministic operators.

    The same seed gives the same numbers on processors with the same vector instructions; on others the last bits
    differ.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    import numpy as np
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")
    logging.getLogger("absl").setLevel(logging.ERROR)
    threading = tf.config.threading
    if (threading.get_intra_op_parallelism_threads(), threading.get_inter_op_parallelism_threads()) != (THREADS, 1):
        threading.set_intra_op_parallelism_threads(THREADS)
        threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
    tf.keras.backend.clear_session()  # names of layers count from 1 again
    random.seed(seed)
    np.random.seed(seed)
    tf.random.set_seed(seed)
    return tf


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Keep off the terminal what native code writes to it, and what Python warns of."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(1), os.dup(2)]
    with tempfile.TemporaryFile() as nowhere, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, copy in enumerate(kept, 1):
                os.dup2(copy, number)
                os.close(copy)
