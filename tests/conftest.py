"""What holds for all tests."""

from hypothesis import settings

# How long one example takes says how busy the machine is.
settings.register_profile("cygnet", deadline=None)
settings.load_profile("cygnet")
