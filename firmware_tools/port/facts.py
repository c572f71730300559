"""What the analysis of one file found: facts, not yet judged by what this host can do."""

from dataclasses import dataclass, field
from typing import Literal

from firmware_tools.port.functions import Outline
from firmware_tools.port.texts import Guess, Text

How = Literal["call", "value", "test"]
Role = Literal["request", "socket", "constant", "mention"]


@dataclass(frozen=True, slots=True)
class Use:
    """A place where a name of ``wx`` or ``swan`` is used. ``how``: it is called, passed on, or only asked for by its
    existence. ``guarded``: the program asks ``canIUse`` first. ``lacking`` are the options and members that this use
    asks for and the table says this host lacks, with their offsets; ``opaque`` says that the options are not written
    where the call is."""

    name: str
    offset: int
    how: How
    guarded: bool = False
    lacking: tuple[tuple[str, int], ...] = ()
    opaque: bool = False


RemarkKind = Literal["dynamic", "handed", "wrapper", "shadowed", "unreadable", "plugin", "require", "definition"]


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that cannot be decided from the source, or that is nobody's API; ``subject`` is what it is about."""

    kind: RemarkKind
    subject: str
    offset: int


@dataclass(frozen=True, slots=True)
class Address:
    """An absolute address in a string. ``role``: of a call that reaches a server (``request`` or ``socket``), of a
    constant whose name says that it is a server's (``constant``), or anything else (``mention``)."""

    origin: str
    offset: int
    role: Role
    picture: bool = False


@dataclass(frozen=True, slots=True)
class Definition:
    """A call of ``App``, ``Page``, ``Component`` or ``Behavior``; ``members`` are (group, name, offset), the group
    being ``lifetimes``, ``pageLifetimes``, ``options`` or empty."""

    kind: str
    offset: int
    members: tuple[tuple[str, str, int], ...]


SendingKind = Literal[
    "event", "request", "download", "upload", "socket", "shown", "share", "listen", "record", "sensor"
]
MICROPHONE: frozenset[SendingKind] = frozenset(("listen", "record"))
TO_SERVERS: frozenset[SendingKind] = frozenset(("request", "download", "upload", "socket", "shown"))


@dataclass(frozen=True, slots=True)
class Sending:
    """A place where something leaves the program, or where the microphone or a sensor is used. ``name`` is an event's,
    a sensor's or that of an uploaded file, ``None`` where it is put together; ``address`` is a server's; ``fields`` are
    those that are written out, and ``whole`` says that there are no others."""

    kind: SendingKind
    offset: int
    name: str | None = ""
    address: Text = ()
    fields: tuple[tuple[str, Guess], ...] = ()
    whole: bool = True


@dataclass(slots=True)
class ScriptFacts:
    """One script. ``assigned`` are names that the program itself puts on ``wx``; ``requests`` what it requires."""

    uses: list[Use] = field(default_factory=list)
    assigned: set[str] = field(default_factory=set)
    remarks: list[Remark] = field(default_factory=list)
    addresses: list[Address] = field(default_factory=list)
    definitions: list[Definition] = field(default_factory=list)
    requests: list[tuple[str, int]] = field(default_factory=list)
    scopes: list[tuple[str, int]] = field(default_factory=list)
    outline: Outline = field(default_factory=Outline)
    computed_requests: int = 0
    """Calls to a server whose address is put together elsewhere."""
