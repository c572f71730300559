# ruff: noqa: E501 a row of a table reads better whole
"""What a program's models do, as the console of the developer's tools tells it."""

from typing import Any

import pytest

from firmware_tools.simulator.models import line_of_call, line_of_event

OPENED: dict[str, Any] = {"session": 2, "name": "alarms", "labels": ["siren", "horn"]}


@pytest.mark.parametrize(
    ("name", "arguments", "value", "reason", "line"),
    [
        ("inference.open", {"ability": "x"}, OPENED, None, ("info", "session 2 of the model alarms, which knows siren, horn: 12 ms")),
        ("inference.open", {"name": "x"}, {**OPENED, "labels": []}, None, ("info", "session 2 of the model alarms: 12 ms")),
        ("inference.open", {"model": "models/x.tflite"}, None, "it is broken", ("warn", "inference.open of models/x.tflite: it is broken")),
        ("inference.run", {"session": 2}, {}, None, ("debug", "session 2 ran: 12.3 ms")),
        ("inference.run", {"session": 2}, None, "no", ("warn", "inference.run of 2: no")),
        ("inference.listen", {"session": 2}, None, None, ("info", "session 2 listens")),
        ("inference.stop", {"session": 2}, None, None, ("info", "session 2 listens no more")),
        ("inference.close", {"session": 2}, None, None, ("info", "session 2 is closed")),
        ("request", {"url": "x"}, None, "refused", ("info", "")),
    ],
)  # fmt: skip
def test_a_call_about_a_model_is_a_line(
    name: str, arguments: dict[str, Any], value: Any, reason: str | None, line: tuple[str, str]
) -> None:
    assert line_of_call(name, arguments, value, reason, 12.34) == line


@pytest.mark.parametrize(
    ("name", "payload", "line"),
    [
        ("inference.result", {"session": 1, "label": "siren", "probability": 0.923, "seconds": 2.34}, ("info", "session 1 heard siren, 92% sure, after 2.3 s")),
        ("inference.error", {"session": 1, "reason": "it ended"}, ("warn", "session 1 hears no more: it ended")),
        ("task", {"task": "x"}, ("info", "")),
        ("inference.result", None, ("info", "")),
    ],
)  # fmt: skip
def test_what_a_model_heard_is_a_line(name: str, payload: Any, line: tuple[str, str]) -> None:
    assert line_of_event(name, payload) == line
