"""Logic engines behind one interface, the zygote, and the frames that its workers speak."""
