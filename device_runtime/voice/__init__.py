"""From sound to intent and from text to speech, all on the device.

``grammar`` needs nothing but Python; the other modules need the extra ``voice`` and say so when it is missing.
"""
