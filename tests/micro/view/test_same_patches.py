"""A board gives the same patch operations as a Linux device, for the same template, data and history."""

import copy
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from device_runtime.micro.view.loader import load_template
from device_runtime.micro.view.page import PageView as MicroView
from device_runtime.view.page import PageView
from device_runtime.view.template import load_template as load_linux
from firmware_tools.build.dialects import WECHAT
from firmware_tools.build.templates import compile_template
from tests.micro.board import run_json
from tests.view.sources import TEMPLATES
from tests.view.test_random_updates import _changes, _data

MOST = 10_000


def no_files(_: str) -> None:
    """A template alone."""


def document(source: str) -> str:
    """The ``.view`` document of a template."""
    return json.dumps(compile_template(source, "pages/a.wxml", WECHAT, no_files))


def ordered(value: Any) -> Any:
    """The members of objects by name, as boards have them."""
    if isinstance(value, dict):
        return {name: ordered(value[name]) for name in sorted(value)}
    return [ordered(item) for item in value] if isinstance(value, list) else value


def in_order(sequence: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same changes; of those that are made at once, what is around goes first, as on boards."""
    return [
        {key: ordered(changes[key]) for key in sorted(changes, key=lambda key: (key.count(".") + key.count("["), key))}
        for changes in sequence
    ]


_LOOPED = ("list", "obj", "a", "b", "kids")


def is_out_of_order(value: Any, looped: bool = False) -> bool:
    """Whether the members of an object that a template goes through are in another order than on a board."""
    if isinstance(value, dict):
        if looped and list(value) != sorted(value):
            return True
        return any(is_out_of_order(inner, name in _LOOPED) for name, inner in value.items())
    return isinstance(value, list) and any(is_out_of_order(item) for item in value)


def linux(view: str, data: Mapping[str, Any], sequence: list[dict[str, Any]]) -> list[Any] | None:
    """The operations of a Linux device; ``None`` where boards go through an object in another order."""
    page = PageView(load_linux(json.loads(view)), copy.deepcopy(dict(data)))
    page.render()
    shown: list[Any] = [page.snapshot()]
    for changes in sequence:
        shown.append(page.update(copy.deepcopy(changes)))
        if is_out_of_order(page.data):
            return None
    return shown


def micro(view: str, data: Mapping[str, Any], sequence: list[dict[str, Any]]) -> list[Any]:
    """The operations of a board."""
    page = MicroView(load_template(io.StringIO(view)), copy.deepcopy(dict(data)), None, MOST)
    page.render()
    shown: list[Any] = [page.snapshot()]
    for changes in sequence:
        operations: list[Any] = []
        page.update(copy.deepcopy(changes), operations)
        shown.append(operations)
    return shown


DOCUMENTS = {name: document(source) for name, source in TEMPLATES.items()}


@pytest.mark.parametrize("name", TEMPLATES)
@settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow])
@given(data=_data, sequence=_changes)
def test_any_history_gives_the_same_operations(name: str, data: dict[str, Any], sequence: list[dict[str, Any]]) -> None:
    data, sequence = ordered(data), in_order(sequence)
    expected = linux(DOCUMENTS[name], data, sequence)
    assume(expected is not None)
    assert micro(DOCUMENTS[name], data, sequence) == expected


_ON_BOARD = f"""
import io
from micro.view.loader import load_template
from micro.view.page import PageView
made = []
for name, data, sequence in given["cases"]:
    page = PageView(load_template(io.StringIO(given["documents"][name])), data, None, {MOST})
    page.render()
    shown = [page.snapshot()]
    for changes in sequence:
        operations = []
        page.update(changes, operations)
        shown.append(operations)
    made.append(shown)
answer(made)
"""


def test_micropython_gives_the_same_operations(micropython: str, tmp_path: Path) -> None:
    cases: list[Any] = []

    @settings(max_examples=300, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(name=st.sampled_from(sorted(TEMPLATES)), data=_data, sequence=_changes)
    def gather(name: str, data: dict[str, Any], sequence: list[dict[str, Any]]) -> None:
        data, sequence = ordered(data), in_order(sequence)
        if linux(DOCUMENTS[name], data, sequence) is not None:
            cases.append((name, data, sequence))

    gather()
    made = run_json(micropython, _ON_BOARD, {"cases": cases, "documents": DOCUMENTS}, tmp_path, heap="64m")
    for (name, data, sequence), operations in zip(cases, made, strict=True):
        expected = json.loads(json.dumps(linux(DOCUMENTS[name], data, sequence)))
        assert operations == expected, (name, data, sequence)
