"""What dishonest programs try, each with what must come of it. docs/privacy-proof.md is made of these."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tests.privacy.room import item

Outcome = Literal["refused", "detected", "not covered"]
"""``refused``: it does not leave. ``detected``: it leaves in few bits that are counted. ``not covered``: it leaves."""
Place = Literal["program", "ledger", "operator", "budget"]
"""Where it shows: an error of the program, the device's ledger, what the fleet's operator hears, the bits of a day."""

_CHOICE = {"type": "choice", "of": ["news", "weather"]}
_STEPS = {"type": "number", "min": -90, "max": 90, "step": 0.1}


def items(origin: str, *names: str) -> list[dict[str, Any]]:
    """Items of plans, by their names. What ``ask``, ``form`` and ``talk`` send may tell of what was heard."""
    socket = origin.replace("http", "ws")
    heard = {"category": "content", "derived_from": ["voice"], "destination": origin}
    known = (
        item("memo", category="voice", destination="device", fields={}, retention_days=0),
        item("clicks", fields={"button": {"type": "choice", "of": ["a", "b"]}}),
        item("note", fields={"text": "text"}),
        item("health", fields={"reason": "text"}),
        item("told", fields={"text": "text"}, derived_from=["voice"]),
        item("ask", **heard, fields={"kind": _CHOICE, "lat": _STEPS}, paths=["/v1/ask", "/v1/ask/{kind}"]),
        item("quiet", destination=origin, fields={"kind": _CHOICE, "lat": _STEPS}, paths=["/v1/quiet"]),
        item("words", destination=origin, fields={"q": "text"}, paths=["/v1/words"]),
        item("form", **heard, fields={"kind": _CHOICE, "file": {"type": "bytes", "max": 9}}, paths=["/v1/form"]),
        item("talk", **heard | {"destination": socket}, fields={"word": _CHOICE}, paths=["/talk"]),
        item("page", destination="other-device", fields={"tab": _CHOICE}),
    )
    return [each for each in known if each["name"] in names]


@dataclass(frozen=True)
class Case:
    """One trick.

    ``body`` runs when the program has heard ``secret``. ``plan`` are the items of its plan, to which a person agreed;
    ``None``: it has none. ``again`` runs in a later run of the same program, which hears nothing. With ``silent``
    nothing at all may leave; else what the plan allows does.
    """

    name: str
    trick: str
    holds: str
    body: str
    outcome: Outcome = "refused"
    shows: Sequence[Place] = ("program", "ledger", "operator")
    plan: Sequence[str] | None = ("memo", "note")
    again: str = ""
    silent: bool = True


SEEN = "text of any kind is no item for what was heard"
FORM = "a value has one written form, and what is not a value of the plan does not leave"
COUNTED = "closed values tell 256 bits a day at most, however they are chosen"
ASK = ("memo", "ask", "form")
