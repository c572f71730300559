"""The ``window`` of a W3C MiniApp Manifest, in the words that the runtime uses: those of WeChat.

Source: "MiniApp window resource members" of https://www.w3.org/TR/miniapp-manifest/.
"""

import re
from collections.abc import Mapping
from typing import Any

from device_runtime.program.members import Members

_COLOUR = re.compile(
    r"#(?:[0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})|[a-zA-Z]+|(?:rgb|rgba|hsl|hsla)\([^()]{1,60}\)"
)

_COLOURS = {
    "background_color": "backgroundColor",
    "navigation_bar_background_color": "navigationBarBackgroundColor",
}
_WORDS = {
    "background_text_style": ("backgroundTextStyle", ("light", "dark")),
    "navigation_bar_text_style": ("navigationBarTextStyle", ("white", "black")),
    "navigation_style": ("navigationStyle", ("default", "custom")),
    "orientation": ("pageOrientation", ("portrait", "landscape")),
}
# Checked, and not applied: what an rpx is long is the board's own matter.
_NUMBERS = {"design_width": "", "on_reach_bottom_distance": "onReachBottomDistance"}
_FLAGS = {"auto_design_width": "", "enable_pull_down_refresh": "enablePullDownRefresh", "fullscreen": ""}


def read_window(window: Members, document: Mapping[str, Any]) -> dict[str, Any]:
    """Check the members that the specification names, and give all of ``document`` with their WeChat names beside them.
    What is written under its WeChat name already is kept.

    Raises:
        MemberError: a member has not the type or the value that the specification asks for.
    """
    found: dict[str, Any] = {}
    for name, ours in _COLOURS.items():
        if window.has(name):
            found[ours] = window.matching(name, _COLOUR, "a colour, such as #ffffff")
    for name, (ours, allowed) in _WORDS.items():
        if window.has(name):
            found[ours] = window.one_of(name, allowed)
    for name, ours in _NUMBERS.items():
        if window.has(name):
            found[ours] = window.number(name, 0)
    for name, ours in _FLAGS.items():
        if window.has(name):
            found[ours] = window.flag(name)
    if window.has("navigation_bar_title_text"):
        found["navigationBarTitleText"] = window.text("navigation_bar_title_text")
    # "When this member takes the true value, it is equivalent to the fullscreen value of display": no bar at the top.
    if window.has("fullscreen") and window.flag("fullscreen"):
        found.setdefault("navigationStyle", "custom")
    found.pop("", None)
    return {**found, **document}
