"""What the runtime says when something goes wrong, in a file: as texts in the code it would lie in memory for ever.

Sources have their sentences where they belong; for boards the toolchain puts them into ``micro/phrases.bin`` and calls
of :func:`phrase` in their place (``firmware_tools/provision/packing/phrases.py``, which says what the file is like).
"""

_FILE = __file__[: __file__.rfind("/") + 1] + "phrases.bin"


def phrase(number: int) -> str:
    """One sentence; its number where the file cannot be read."""
    try:
        with open(_FILE, "rb") as file:
            file.seek(2 * number)
            place = file.read(4)
            begin = place[0] | place[1] << 8
            file.seek(begin)
            return file.read((place[2] | place[3] << 8) - begin).decode()
    except (OSError, IndexError, ValueError):
        return f"what it says cannot be read ({number})"
