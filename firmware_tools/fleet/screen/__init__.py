"""Operators look at the screens of devices whose people allow it. Nothing of what is shown is stored."""
