"""What the API asks and answers about looks at a device's screen. Times are Unix seconds."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from msgspec import Meta, Struct

from device_runtime.sync.screen_messages import MAX_NAME, VIEW_ID, ViewState
from firmware_tools.fleet.openapi.sentences import WORDS

By = Annotated[
    str,
    Meta(
        max_length=MAX_NAME,
        description="who does it, for the person there; of who is signed in, the account's name counts",
        extra={WORDS: f"one line of at most {MAX_NAME} characters"},
    ),
]


class Asking(Struct, frozen=True, forbid_unknown_fields=True):
    """Who asks."""

    by: By = ""


class Ending(Struct, frozen=True):
    """Who ends it."""

    by: By = ""


class Watching(Struct, frozen=True):
    """The ``id`` that asking gave, and who asked."""

    id: Annotated[str, Meta(pattern=f"^{VIEW_ID.pattern}$", extra={WORDS: "the id that asking gave"})]
    by: By = ""


class AskedScreen(TypedDict):
    """The look, by the id with which it is watched."""

    id: str


class ScreenEvent(TypedDict):
    """How a look at the screen of a device goes; never what is shown. ``until``: when it ends, 0 before it began."""

    type: Literal["screen"]
    device: str
    state: ViewState
    by: str
    reason: str
    until: int


class SeenEvent(ScreenEvent):
    """The same for who watches; where something is shown, with the ``messages`` for the sandbox that draws it, whether
    they begin anew (``whole``), and how many bytes of how many were sent."""

    whole: NotRequired[bool]
    sent: NotRequired[int]
    limit: NotRequired[int]
    messages: NotRequired[Sequence[Any]]
