"""The data plan of a program on a board: a smaller gate with the answers of ``device_runtime/privacy``."""
