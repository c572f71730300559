# mypy: ignore-errors
"""Makes ``counter.tflite``: a streaming model that adds its int32 input to a resource variable and returns the sum.

    pip install tensorflow-cpu && python make_counter.py

Kept small and exact on purpose: the tests of resource variables compare whole numbers.
"""

from pathlib import Path

import tensorflow as tf


class Counter(tf.Module):
    def __init__(self) -> None:
        super().__init__()
        self.total = tf.Variable(tf.zeros([1, 2], tf.int32), name="total")

    @tf.function(input_signature=[tf.TensorSpec([1, 2], tf.int32, name="amount")])
    def add(self, amount: tf.Tensor) -> tf.Tensor:
        self.total.assign(self.total + amount)
        return tf.identity(self.total.read_value(), name="sum")


module = Counter()
converter = tf.lite.TFLiteConverter.from_concrete_functions([module.add.get_concrete_function()], module)
converter.experimental_enable_resource_variables = True
Path(__file__).with_name("counter.tflite").write_bytes(converter.convert())
