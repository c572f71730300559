"""What a board does when it has power: the loader chooses a slot (by cygnet/boot.json), whose runtime runs until it
wants a restart.

On the unix port: ``micropython main.py FOLDER/``.
"""

import os
import sys


def _start() -> None:
    failed = False
    # STM32 boards have nothing at the root but the places where file systems are.
    root = sys.argv[1] if len(sys.argv) > 1 else "/" if os.statvfs("/")[0] else "/flash/"
    sys.path.insert(0, root + "cygnet")
    try:
        import loader  # type: ignore[import-not-found, unused-ignore]

        sys.path.pop(0)
        slot, safe = loader.choose(root)
        del loader, sys.modules["loader"]  # and its memory
        if not slot:
            return
        from micro import runtime  # type: ignore[import-not-found, unused-ignore]

        if runtime.main(root, slot, safe) == "stay":
            return
    except Exception as error:  # noqa: BLE001 - a board has nobody to raise it to: it says so and starts anew
        failed = True
        print("error loader: the runtime ended by a fault:")
        sys.print_exception(error)  # type: ignore[attr-defined]
    try:
        from machine import reset
    except ImportError:
        sys.exit(1 if failed else 0)
    if failed:
        import time

        time.sleep(5)  # somebody at the cable can read it, and a fault at once is no storm of resets
    reset()


if __name__ == "__main__":
    _start()
