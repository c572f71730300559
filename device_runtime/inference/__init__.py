"""Quantized models: back ends, model cards, model store."""
