"""What a whole program sends, and where to: the facts of its files, with places, addresses taken apart."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from firmware_tools.port.addresses import origin_of
from firmware_tools.port.call_sites import CallSites
from firmware_tools.port.facts import TO_SERVERS, Sending, SendingKind
from firmware_tools.port.findings import Place
from firmware_tools.port.places import Places
from firmware_tools.port.program import Program
from firmware_tools.port.python_sendings import python_sendings
from firmware_tools.port.sendings import script_sendings
from firmware_tools.port.texts import Gap, Guess, Text, joined, plain

_ORIGIN = re.compile(r"(?:https?|wss?)://[^/?#]+", re.IGNORECASE)
_ONCE = frozenset(("listen", "record", "share"))


@dataclass(frozen=True, slots=True)
class Outflow:
    """One place where something is sent. ``name`` is that of an event, a sensor or a file, ``None`` where it is put
    together; ``origin`` that of a server, likewise; ``path`` may have gaps; ``whole``: there are no other fields."""

    kind: SendingKind
    place: Place
    name: str | None
    origin: str | None
    path: Text
    fields: Mapping[str, Guess]
    whole: bool

    @property
    def shown_path(self) -> str:
        """The path for people."""
        return "".join(piece if isinstance(piece, str) else f"{{{piece.name or '…'}}}" for piece in self.path)


def find_outflows(program: Program, places: Places) -> list[Outflow]:
    """All of them, in the order of the files. The microphone and shared pages are told once a file."""
    found: list[Outflow] = []
    told: set[tuple[str, str]] = set()
    for file, sending in _sendings(program):
        if sending.kind not in _ONCE or (file, sending.kind) not in told:
            told.add((file, sending.kind))
            found.append(_outflow(sending, places.at(file, sending.offset)))
    for file, shown in program.shown_addresses():
        for address, offset in shown:
            if origin_of(address):
                text = f"https:{address}" if address.startswith("//") else address
                found.append(_outflow(Sending("shown", offset, address=(text,)), places.at(file, offset)))
    return found


def _sendings(program: Program) -> Iterator[tuple[str, Sending]]:
    sites = CallSites(program)
    for file, facts in program.scripts.items():
        yield from script_sendings(file, facts, sites)
    if program.in_python:
        for file in sorted(name for name in program.files.source if name.endswith(".py")):
            yield from ((file, sending) for sending in python_sendings(program.files.read(file) or ""))


def _outflow(sending: Sending, place: Place) -> Outflow:
    fields = dict(sending.fields)
    origin: str | None = None
    path: Text = ()
    whole = sending.whole
    if sending.kind in TO_SERVERS:
        origin, path = _taken_apart(sending.address)
        path, asked, all_asked = _query(path)
        fields = {**asked, **fields}
        whole = whole and all_asked
    return Outflow(sending.kind, place, sending.name, origin, path, fields, whole)


def _taken_apart(address: Text) -> tuple[str | None, Text]:
    """The origin, where it is written out, and the rest."""
    first = address[0] if address else Gap()
    found = _ORIGIN.match(first) if isinstance(first, str) else None
    if found is None:
        return None, (address or (first,)) if isinstance(first, Gap) else (Gap(), *address)
    return found[0].lower(), joined(iter((str(first)[found.end() :], *address[1:]))) or ("/",)


def _query(path: Text) -> tuple[Text, dict[str, Guess], bool]:
    """A path without its query, the names in that, and whether these are all."""
    for index, piece in enumerate(path):
        if isinstance(piece, str) and (cut := re.search(r"[?#]", piece)) is not None:
            before, after = piece[: cut.start()], piece[cut.start() + 1 :]
            whole = cut[0] == "#"
            queried = () if whole else joined(iter((after.partition("#")[0], *path[index + 1 :])))
            return joined(iter((*path[:index], before))), *_asked(queried)
    last = path[-1] if path else ""
    whole = isinstance(last, str) or (len(path) > 1 and str(path[-2]).endswith("/"))
    return path, {}, whole


def _asked(query: Text) -> tuple[dict[str, Guess], bool]:
    found: dict[str, Guess] = {}
    whole = True
    pairs: list[list[str | Gap]] = [[]]
    for piece in query:
        if isinstance(piece, Gap):
            pairs[-1].append(piece)
            continue
        first, *others = piece.split("&")
        pairs[-1].append(first)
        pairs += [[other] for other in others]
    for pair in pairs:
        text = plain(joined(iter(pair)))
        first = pair[0] if pair and isinstance(pair[0], str) else ""
        name, equals, value = first.partition("=")
        if not equals and text is None:
            whole = False
        elif name:
            found[name] = Guess("choice", (value,)) if text is not None and value else Guess("text")
    return found, whole
