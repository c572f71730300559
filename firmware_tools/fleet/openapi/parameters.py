"""Names that stand in paths, queries and bodies, with their form. The registry checks the form, with a sentence of its
own; here it is for the description alone."""

from typing import Annotated

from msgspec import Meta

from device_runtime.sync.fields import MAX_INTEGER
from firmware_tools.fleet.openapi.sentences import WORDS


def _form(description: str, pattern: str, *examples: str) -> Meta:
    return Meta(description=description, extra_json_schema={"pattern": f"^{pattern}$", "examples": list(examples)})


DeviceId = Annotated[str, _form("a device's id", "[a-z0-9][a-z0-9._-]{0,63}", "kitchen")]
AppId = Annotated[str, _form("a program's id", "[A-Za-z0-9._-]{1,128}", "org.example.weather")]
ModelName = Annotated[str, _form("a model's name", "[a-z0-9][a-z0-9_]{0,63}", "commands_en")]
VersionCode = Annotated[
    int, Meta(ge=0, le=MAX_INTEGER, description="a version's code; the newest without it", examples=[1])
]
FileName = Annotated[
    str,
    Meta(
        max_length=200,
        description="what messages call the file",
        examples=["weather.ma"],
        extra={WORDS: "a file's name, of at most 200 characters"},
    ),
]
