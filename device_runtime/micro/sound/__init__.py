"""Sound on a board: the microphone, and the features of sound that models are given."""
