"""The model lab: data sets, training, quantisation and evaluation by scenario."""

import os

# TensorFlow reads this when it is imported, whoever does so. oneDNN picks its kernels by the processor, and a recipe
# would give other bytes; Eigen's are the same ones on all.
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
