"""The command cygnet."""
