"""The board: configuration, audio, screen, and the device that ties the rooms together."""
