"""FlatBuffers from strangers, read field by field: every offset is checked before it is followed.

The format: https://flatbuffers.dev/internals/. A table begins with the way back to its vtable, which has a 16-bit place
for each field; 0 stands for a field that is left out.
"""

import struct
from dataclasses import dataclass, field

from firmware_tools.build.micro_model.errors import MicroModelError

_MOST_ELEMENTS = 1 << 24
_ALLOWANCE = 1 << 20


@dataclass(frozen=True)
class Buffer:
    """Bytes that hold a FlatBuffer, and what to call them in an error."""

    data: bytes
    name: str
    _spent: list[int] = field(default_factory=lambda: [0])

    def spend(self, size: int) -> None:
        """So many bytes of vectors are read: a file in which all tables share one long vector would never end."""
        self._spent[0] += size
        if self._spent[0] > 8 * len(self.data) + _ALLOWANCE:
            raise MicroModelError(f"{self.name}: the file is broken: its tables share their content again and again")

    def number(self, form: str, at: int) -> int:
        """The whole number of :mod:`struct` form ``form`` at an offset. Raises :class:`MicroModelError`."""
        if at < 0 or at + struct.calcsize(form) > len(self.data):
            raise self.fault(at)
        return int(struct.unpack_from("<" + form, self.data, at)[0])

    def fault(self, at: int) -> MicroModelError:
        """The error of a place that lies outside."""
        return MicroModelError(
            f"{self.name}: the file is broken: something lies at byte {at} of {len(self.data)}; "
            "convert the model again with the TensorFlow Lite converter"
        )

    def root(self) -> "Table":
        """The outermost table."""
        return Table(self, self.number("I", 0))


@dataclass(frozen=True)
class Table:
    """One table; fields are named by their numbers in the schema, from 0."""

    buffer: Buffer
    at: int

    def _field(self, number: int) -> int:
        """Where a field lies; 0 when it is left out."""
        vtable = self.at - self.buffer.number("i", self.at)
        size = self.buffer.number("H", vtable)
        place = 4 + 2 * number
        if place + 2 > size:
            return 0
        offset = self.buffer.number("H", vtable + place)
        return self.at + offset if offset else 0

    def number(self, field: int, form: str, default: int = 0) -> int:
        """A whole number or boolean."""
        at = self._field(field)
        return self.buffer.number(form, at) if at else default

    def real(self, field: int, default: float = 0.0) -> float:
        """A 32-bit float."""
        at = self._field(field)
        if not at:
            return default
        return float(struct.unpack("<f", self.buffer.number("I", at).to_bytes(4, "little"))[0])

    def _follow(self, field: int) -> int:
        at = self._field(field)
        return at + self.buffer.number("I", at) if at else 0

    def table(self, field: int) -> "Table | None":
        """A table, None when it is left out."""
        at = self._follow(field)
        return Table(self.buffer, at) if at else None

    def _vector(self, field: int, size: int) -> tuple[int, int]:
        at = self._follow(field)
        if not at:
            return 0, 0
        count = self.buffer.number("I", at)
        if count > _MOST_ELEMENTS or at + 4 + count * size > len(self.buffer.data):
            raise self.buffer.fault(at + 4 + count * size)
        self.buffer.spend(count * size + 16)
        return at + 4, count

    def tables(self, field: int) -> "list[Table]":
        """A vector of tables."""
        at, count = self._vector(field, 4)
        places = range(at, at + 4 * count, 4)
        return [Table(self.buffer, place + self.buffer.number("I", place)) for place in places]

    def numbers(self, field: int, form: str) -> tuple[int, ...]:
        """A vector of whole numbers."""
        at, count = self._vector(field, struct.calcsize(form))
        return struct.unpack_from(f"<{count}{form}", self.buffer.data, at)

    def reals(self, field: int) -> tuple[float, ...]:
        """A vector of 32-bit floats."""
        at, count = self._vector(field, 4)
        return struct.unpack_from(f"<{count}f", self.buffer.data, at)

    def content(self, field: int) -> bytes:
        """A vector of bytes."""
        at, count = self._vector(field, 1)
        return self.buffer.data[at : at + count]

    def text(self, field: int) -> str:
        """A string; what is no UTF-8 in it is replaced."""
        return self.content(field).decode("utf-8", "replace")
