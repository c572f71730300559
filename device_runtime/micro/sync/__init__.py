"""A board's end of the conversation with its fleet: ``docs/protocol.md``, in plain MicroPython."""
