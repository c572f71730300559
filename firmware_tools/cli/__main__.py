"""``python -m firmware_tools.cli``: the command ``cygnet`` without its script."""

from firmware_tools.cli import main

main()
