"""The files of a program as its worker has them: those of the main package from the launch on, the others on demand."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from device_runtime.engine.resolution import SOURCE_SUFFIXES

SENT_SUFFIXES = (*SOURCE_SUFFIXES, ".view", ".wxs", ".py")
"""What the names of the files end in that a worker reads."""
MAP_SUFFIX = ".map"
# Measured on x86-64: a megabyte more in a launch costs 4 ms and 1.2 MB of the worker, fetching a file later 0.14 ms.
MAX_LAUNCH_BYTES = 512 * 1024


class PackageFiles(Mapping[str, bytes]):
    """Files by their path in the package. ``here`` came with the launch; ``elsewhere`` names others, which ``fetch``
    gives when they are first read. Code is kept, since errors are looked up in it; source maps are not."""

    def __init__(self, here: Mapping[str, bytes], elsewhere: Iterable[str], fetch: Callable[[str], bytes]) -> None:
        self._files: dict[str, bytes | None] = {**dict.fromkeys(elsewhere), **here}
        self._fetch = fetch

    def __getitem__(self, name: str) -> bytes:
        data = self._files[name]
        if data is None:
            data = self._fetch(name)
            if not name.endswith(MAP_SUFFIX):
                self._files[name] = data
        return data

    def __contains__(self, name: object) -> bool:
        return name in self._files

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


def divide_files(entries: Mapping[str, bytes], subpackages: Iterable[str]) -> tuple[dict[str, bytes], list[str]]:
    """What of a package's entries travels with the launch, and the names of what a worker may fetch later: subpackages,
    source maps, and the largest files of a main package that is larger than a launch should be."""
    roots = tuple(f"{root}/" for root in subpackages)
    now: dict[str, bytes] = {}
    later: list[str] = []
    for name, data in entries.items():
        if name.endswith(SENT_SUFFIXES) and not (roots and name.startswith(roots)):
            now[name] = data
        elif name.endswith((*SENT_SUFFIXES, MAP_SUFFIX)):
            later.append(name)
    size = sum(map(len, now.values()))
    for name in sorted(now, key=lambda name: len(now[name]), reverse=True) if size > MAX_LAUNCH_BYTES else ():
        size -= len(now.pop(name))
        later.append(name)
        if size <= MAX_LAUNCH_BYTES:
            break
    return now, later
