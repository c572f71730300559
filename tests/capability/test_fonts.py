"""Fonts that a program loads by code."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from device_runtime.capability.files import ProgramFiles
from device_runtime.capability.fonts import font_capabilities
from device_runtime.capability.media import ProgramMedia
from device_runtime.capability.origin import NetworkPolicy
from device_runtime.capability.registry import CapabilityError, CapabilityGate
from device_runtime.capability.request import HttpClient
from device_runtime.values import Value
from tests.capability.conftest import MakeCaller
from tests.open_privacy import OpenPrivacy

ENTRIES = {"fonts/a.woff2": b"wOF2....", "fonts/b.txt": b"text"}


class Screen:
    """Keeps what it was told to show."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, Mapping[str, Value]]] = []

    async def ui(self, app_id: str, name: str, arguments: Mapping[str, Value]) -> Value:  # noqa: ARG002 one program
        self.shown.append((name, arguments))
        return None


@pytest.fixture
def screen() -> Screen:
    return Screen()


@pytest.fixture
def gate(tmp_path: Path, screen: Screen) -> CapabilityGate:
    media = ProgramMedia(ProgramFiles(tmp_path), HttpClient(NetworkPolicy(), OpenPrivacy()))
    return CapabilityGate(font_capabilities(media, screen))


async def test_a_font_of_the_package_reaches_the_screens(
    gate: CapabilityGate, screen: Screen, make_caller: MakeCaller
) -> None:
    arguments: dict[str, Value] = {
        "family": "Hand", "source": "url('/fonts/a.woff2')", "desc": {"style": "italic", "weight": 700}, "global": True,
    }  # fmt: skip
    assert await gate.invoke(make_caller(entries=ENTRIES), "loadFontFace", arguments) == {"status": "loaded"}
    shown = {"family": "Hand", "source": 'url("/fonts/a.woff2")', "desc": {"style": "italic", "weight": "700"}}
    assert screen.shown == [("loadFontFace", shown)]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"source": "/fonts/a.woff2"}, "source must be url"),
        ({"source": "url('/fonts/a.woff2'), url(b)"}, "source must be url"),
        ({"source": "url('/fonts/b.txt')"}, "is no font"),
        ({"source": "url('/fonts/none.woff2')"}, "no such file"),
        ({"source": "url('https://x.example/a.woff2')"}, "the manifest does not ask for the permission request"),
        ({"desc": {"weight": "bold; x"}}, "desc.weight is no weight"),
        ({"family": ""}, "family a name"),
    ],
)
async def test_what_is_no_font_fails(
    gate: CapabilityGate, screen: Screen, make_caller: MakeCaller, changes: dict[str, Value], reason: str
) -> None:
    arguments: dict[str, Value] = {"family": "Hand", "source": "url('/fonts/a.woff2')"}
    with pytest.raises(CapabilityError, match=reason):
        await gate.invoke(make_caller(entries=ENTRIES), "loadFontFace", arguments | changes)
    assert screen.shown == []
