"""From sound to intent and from text to sound: wake word, end-pointing, recogniser, speech."""
