"""Spoken commands as a data set: what is said, by whom, where, and how that becomes features."""
