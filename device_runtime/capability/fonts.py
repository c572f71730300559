"""``loadFontFace``: a font from the package, from a file of the program or from a declared origin, for its pages."""

import re
from collections.abc import Mapping

from device_runtime.capability.arguments import flag, refuse, text
from device_runtime.capability.media import ProgramMedia
from device_runtime.capability.registry import Caller, Capability, CapabilityError
from device_runtime.capability.ui import UserInterface
from device_runtime.values import Value

# Possessive, so that blanks without an end are looked at once.
_SOURCE = re.compile(r"""\s*+url\(\s*+(?:"([^"]*+)"|'([^']*+)'|([^"')]*+))\s*+\)\s*+""")
_SIGNATURES = (b"wOFF", b"wOF2", b"OTTO", b"\x00\x01\x00\x00", b"true")
_DESCRIPTORS = {
    "style": re.compile(r"normal|italic|oblique"),
    "weight": re.compile(r"normal|bold|[1-9]\d{0,2}|1000"),
    "variant": re.compile(r"normal|small-caps|inherit"),
}
MAX_FAMILY = 100


def font_capabilities(media: ProgramMedia, screen: UserInterface) -> list[Capability]:
    """``loadFontFace {family, source: 'url("…")', desc?: {style, weight, variant}, global?, scopes?}`` ->
    ``{status: "loaded"}``. Every page of the program may use the font, on screens that come later, too."""

    async def load(caller: Caller, arguments: Mapping[str, Value]) -> Value:
        family = text(arguments, "family", MAX_FAMILY)
        match = _SOURCE.fullmatch(text(arguments, "source", 8192))
        if match is None or not family:
            raise refuse('source must be url("…") and family a name')
        flag(arguments, "global", False)
        descriptors = _descriptors(arguments.get("desc"))
        address = match[1] or match[2] or (match[3] or "").strip()
        content = await media.read(caller, address, "source")
        if not content.startswith(_SIGNATURES):
            raise CapabilityError("the file is no font that the screen can use")
        shown: dict[str, Value] = {"family": family, "source": f'url("{_quoted(address)}")', "desc": descriptors}
        await screen.ui(caller.app_id, "loadFontFace", shown)
        return {"status": "loaded"}

    return [Capability("loadFontFace", load)]


def _descriptors(given: Value) -> dict[str, Value]:
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise refuse("desc must be an object")
    read: dict[str, Value] = {}
    for name, pattern in _DESCRIPTORS.items():
        value = given.get(name)
        if value is None:
            continue
        if not isinstance(value, str | int) or not pattern.fullmatch(str(value)):
            raise refuse(f"desc.{name} is no {name} of a font")
        read[name] = str(value)
    return read


def _quoted(address: str) -> str:
    return address.replace("\\", "%5C").replace('"', "%22").replace("\n", "%0A")
