"""Quantised models on the device: cards that describe them, a store that finds them, back ends that run them."""
