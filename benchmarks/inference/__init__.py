"""Figures of the inference layer, beside the libraries that it stands on."""
