"""Finding boards on this machine, naming them, and writing firmware to them: one module a kind of boot loader."""
