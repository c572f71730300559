"""Trains ``digits.tflite``, int8 in and out, and prints what ``card.toml`` says about it.

    python -m venv /tmp/recipe && /tmp/recipe/bin/pip install tensorflow-cpu==2.21.0 scikit-learn==1.9.1
    /tmp/recipe/bin/python models/digits/recipe.py

Data: the 1,797 handwritten digits that scikit-learn carries (Alpaydin and Kaynak, "Optical Recognition of
Handwritten Digits", UCI Machine Learning Repository, 1998; CC BY 4.0): 8 x 8 pixels, 0 to 16. The last fifth, in
the order of the data set, is the test set.
"""

import hashlib
from pathlib import Path

import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits

tf.keras.utils.set_random_seed(7)
pixels, labels = load_digits(return_X_y=True)
images = pixels.reshape(-1, 8, 8, 1).astype(np.float32)
cut = len(images) * 4 // 5
train_x, train_y, test_x, test_y = images[:cut], labels[:cut], images[cut:], labels[cut:]

model = tf.keras.Sequential(
    [
        tf.keras.Input((8, 8, 1)),
        tf.keras.layers.Rescaling(1 / 16),
        tf.keras.layers.Conv2D(16, 3, padding="same", activation="relu"),
        tf.keras.layers.DepthwiseConv2D(3, padding="same", activation="relu"),
        tf.keras.layers.Conv2D(32, 1, activation="relu"),
        tf.keras.layers.MaxPooling2D(),
        tf.keras.layers.DepthwiseConv2D(3, padding="same", activation="relu"),
        tf.keras.layers.Conv2D(32, 1, activation="relu"),
        tf.keras.layers.MaxPooling2D(),
        tf.keras.layers.Flatten(),
        tf.keras.layers.Dropout(0.3),
        tf.keras.layers.Dense(10, activation="softmax"),
    ]
)
augment = tf.keras.Sequential(
    [tf.keras.layers.RandomTranslation(0.1, 0.1, fill_mode="constant"), tf.keras.layers.RandomRotation(0.04)]
)
data = tf.data.Dataset.from_tensor_slices((train_x, train_y)).shuffle(2000, seed=7).batch(32)
data = data.map(lambda x, y: (augment(x, training=True), y))
model.compile(
    tf.keras.optimizers.Adam(tf.keras.optimizers.schedules.CosineDecay(3e-3, 60 * 45)),
    "sparse_categorical_crossentropy",
)
model.fit(data, epochs=60, verbose=0)

converter = tf.lite.TFLiteConverter.from_keras_model(model)
converter.optimizations = [tf.lite.Optimize.DEFAULT]
converter.representative_dataset = lambda: ([image[None]] for image in train_x[:300])
converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
converter.inference_input_type = converter.inference_output_type = tf.int8
content = converter.convert()
Path(__file__).with_name("digits.tflite").write_bytes(content)

interpreter = tf.lite.Interpreter(model_content=content)
interpreter.allocate_tensors()
(given,), (wanted,) = interpreter.get_input_details(), interpreter.get_output_details()
scale, zero_point = given["quantization"]
right = 0
for image, label in zip(test_x, test_y, strict=True):
    interpreter.set_tensor(
        given["index"], np.clip(np.round(image[None] / scale) + zero_point, -128, 127).astype(np.int8)
    )
    interpreter.invoke()
    right += int(interpreter.get_tensor(wanted["index"]).argmax()) == label
float_right = int((model.predict(test_x, verbose=0).argmax(1) == test_y).sum())
print(f"bytes {len(content)}, sha256 {hashlib.sha256(content).hexdigest()}")
print(f"input {given['quantization']}, output {wanted['quantization']}")
print(f"test set of {len(test_x)}: float {float_right / len(test_x):.4f}, int8 {right / len(test_x):.4f}")
