"""Quantised models on a microcontroller: what `firmware_tools.build.micro_model` made of a `.tflite` runs here."""
