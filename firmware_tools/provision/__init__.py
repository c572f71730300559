"""Makes a board with MicroPython a device of a fleet: over its cable, or as an image for its first flash."""
