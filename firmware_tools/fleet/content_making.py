"""Makes one form of a content, in a process of its own with little of everything; a fleet starts it.

``python -m firmware_tools.fleet.content_making CONTENT BASE|- OUT`` writes the form to ``OUT`` and its SHA-256 to
standard output. What it wrote has become the content again, in the device's own code, before that is said.
"""

import fcntl
import hashlib
import io
import os
import resource
import sys
from pathlib import Path

from device_runtime.sync.zstd import FormError, compress, decompress

CPU_SECONDS = 120
ADDRESS_BYTES = 2 * 1024 * 1024 * 1024
_NICE = 10
DONE, FAILED, BUSY = 0, 1, 3
"""Exit codes: written; cannot be made (the reason is on standard error); another process makes one of this content."""


def main(arguments: list[str]) -> int:
    """Make it."""
    content, base, out = Path(arguments[0]), arguments[1], Path(arguments[2])
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_BYTES, ADDRESS_BYTES))
    try:
        with content.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return BUSY
            sys.stdout.write(_make(_checked(file.read(), content), _base(base), out))
    except FormError as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    except MemoryError:
        sys.stderr.write(f"{ADDRESS_BYTES >> 20} MiB of memory are not enough\n")
        return FAILED
    except OSError as error:
        sys.stderr.write(f"{error.filename or out}: {error.strerror}\n")
        return FAILED
    return DONE


def _base(name: str) -> bytes | None:
    return None if name == "-" else _checked(Path(name).read_bytes(), Path(name))


def _checked(data: bytes, path: Path) -> bytes:
    if hashlib.sha256(data).hexdigest() != path.name:
        raise FormError(f"the content {path.name[:16]}… is damaged on the fleet's disk")
    return data


def _make(data: bytes, base: bytes | None, out: Path) -> str:
    made = compress(data, base)
    digest = decompress(io.BytesIO(made), lambda _: None, len(data), base)
    if digest != hashlib.sha256(data).hexdigest():
        raise FormError("what it becomes is not the content")
    with out.open("wb") as file:
        file.write(made)
        file.flush()
        os.fsync(file.fileno())
    return hashlib.sha256(made).hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
