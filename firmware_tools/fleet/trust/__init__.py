"""The fleet's repository of The Update Framework: who may sign what, and what they have signed."""
