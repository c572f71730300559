# ruff: noqa: E501 a row of a table reads better whole
"""The manifest against the text of the W3C MiniApp Manifest: each wrong member is named, with its line."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_runtime.program.json_lines import find_line
from device_runtime.program.manifest import ManifestError, parse_manifest, read_manifest

# The example of the specification, section "Example", as it stands there.
EXAMPLE = """\
{
  "dir": "ltr",
  "lang": "en-US",
  "app_id": "org.example.miniapp",
  "name": "MiniApp Demo",
  "short_name": "MiniApp",
  "version": {
    "name": "1.0.1",
    "code": 11
  },
  "description": "A Simple MiniApp Demo",
  "icons": [
    {
      "label": "Red lightning",
      "src": "common/icons/icon.png",
      "sizes": "48x48"
    }
  ],
  "platform_version":{
    "min_code": 1,
    "release_type": "Beta1",
    "target_code": 2
  },
  "pages": [
    "pages/index/index",
    "pages/detail/detail"
  ],
  "window": {
    "background_color": "#ffffff",
    "fullscreen": false,
    "navigation_bar_text_style": "black",
    "navigation_bar_title_text": "My MiniApp",
    "navigation_bar_background_color": "#f8f8f8"
  },
  "widgets": [
    {
      "name": "widget",
      "min_code": "2",
      "path": "widgets/index/index"
    }
  ],
  "req_permissions": [
    {
      "name": "system.permission.LOCATION",
      "reason": "To show user's position on the map"
    },
    {
      "name": "system.permission.CAMERA",
      "reason": "To scan a QR code"
    }
  ],
  "color_scheme": "light",
  "device_type": [
    "phone",
    "tv",
    "car"
  ]
}
"""


def test_the_example_of_the_specification_is_read() -> None:
    manifest = parse_manifest(EXAMPLE)
    assert (manifest.app_id, manifest.name, manifest.short_name) == ("org.example.miniapp", "MiniApp Demo", "MiniApp")
    assert (manifest.version.code, manifest.version.name, manifest.min_platform) == (11, "1.0.1", 1)
    assert (manifest.dir, manifest.lang, manifest.color_scheme) == ("ltr", "en-US", "light")
    assert manifest.device_type == ("phone", "tv", "car")
    assert [(icon.src, icon.label, icon.sizes) for icon in manifest.icons] == [
        ("common/icons/icon.png", "Red lightning", "48x48")
    ]
    assert manifest.pages == ("pages/index/index", "pages/detail/detail")
    assert [(widget.name, widget.path, widget.min_platform) for widget in manifest.widgets] == [
        ("widget", "widgets/index/index", 2)
    ]
    assert manifest.permissions["system.permission.CAMERA"].reason == "To scan a QR code"
    assert manifest.window["backgroundColor"] == "#ffffff"
    assert manifest.window["navigationBarTextStyle"] == "black"
    assert manifest.window["navigationBarTitleText"] == "My MiniApp"
    assert manifest.window["navigationBarBackgroundColor"] == "#f8f8f8"
    assert "navigationStyle" not in manifest.window


# (what is replaced in the example, by what, the line of the fault, what is said)
WRONG = [
    ('"ltr"', '"up"', 2, 'dir must be "ltr", "rtl" or "auto", not "up"'),
    ('"en-US"', '"english language"', 3, 'lang must be a language tag, such as en-US, not "english language"'),
    ('"en-US"', "5", 3, "lang must be a string, not 5"),
    ('"org.example.miniapp"', '"a/b"', 4, 'app_id must be 1 to 128 letters, digits, dots, underscores and hyphens, not "a/b"'),
    ('"name": "MiniApp Demo",', "", 1, "the member name is missing; it must be a string"),
    ('"MiniApp Demo"', "[]", 5, "name must be a string, not []"),
    ('"short_name": "MiniApp"', '"short_name": {}', 6, "short_name must be a string, not {}"),
    ('"name": "1.0.1",', "", 7, "the member version.name is missing; it must be a string"),
    ('"code": 11', '"code": 0', 9, "version.code must be a whole number from 1 on, not 0"),
    ('"code": 11', '"code": 1.5', 9, "version.code must be a whole number, not 1.5"),
    ('"code": 11', '"code": true', 9, "version.code must be a whole number, not true"),
    ('"A Simple MiniApp Demo"', "false", 11, "description must be a string, not false"),
    ('"common/icons/icon.png"', '"../icon.png"', 15, 'icons[0].src must be a path inside the program, not "../icon.png"'),
    ('"common/icons/icon.png"', '"https://a.example/icon.png"', 15, 'icons[0].src must be a path inside the program, not "https://a.example/icon.png"'),
    ('"src": "common/icons/icon.png",', "", 13, "the member icons[0].src is missing; it must be a string"),
    ('"48x48"', '"48"', 16, 'icons[0].sizes must be sizes such as "48x48 96x96", or "any", not "48"'),
    ('"48x48"', '"any", "type": "png"', 16, 'icons[0].type must be a media type, such as image/png, not "png"'),
    ('"Red lightning"', "1", 14, "icons[0].label must be a string, not 1"),
    ('"min_code": 1,', "", 19, "the member platform_version.min_code is missing; it must be a whole number"),
    ('"min_code": 1,', '"min_code": -1,', 20, "platform_version.min_code must be a whole number from 0 on, not -1"),
    ('"Beta1"', "1", 21, "platform_version.release_type must be a string, not 1"),
    ('"target_code": 2', '"target_code": "2"', 22, 'platform_version.target_code must be a whole number, not "2"'),
    ('"pages/detail/detail"', '"/pages/detail"', 26, 'pages[1] must be a path inside the program, not "/pages/detail"'),
    ('"pages/detail/detail"', '"http:a"', 26, 'pages[1] must be a path inside the program, not "http:a"'),
    ('"pages/detail/detail"', "{}", 26, "pages[1] must be a string, not {}"),
    ('"#ffffff"', '"url(x)"', 29, 'window.background_color must be a colour, such as #ffffff, not "url(x)"'),
    ('"fullscreen": false', '"fullscreen": "false"', 30, 'window.fullscreen must be true or false, not "false"'),
    ('"black"', '"grey"', 31, 'window.navigation_bar_text_style must be "white" or "black", not "grey"'),
    ('"My MiniApp"', "1", 32, "window.navigation_bar_title_text must be a string, not 1"),
    ('"#f8f8f8"', '"#f8f8f"', 33, 'window.navigation_bar_background_color must be a colour, such as #ffffff, not "#f8f8f"'),
    ('"fullscreen": false', '"background_text_style": "dim"', 30, 'window.background_text_style must be "light" or "dark", not "dim"'),
    ('"fullscreen": false', '"design_width": "750"', 30, 'window.design_width must be a whole number, not "750"'),
    ('"fullscreen": false', '"design_width": -1', 30, "window.design_width must be a whole number from 0 on, not -1"),
    ('"fullscreen": false', '"auto_design_width": 1', 30, "window.auto_design_width must be true or false, not 1"),
    ('"fullscreen": false', '"on_reach_bottom_distance": -5', 30, "window.on_reach_bottom_distance must be a whole number from 0 on, not -5"),
    ('"fullscreen": false', '"enable_pull_down_refresh": "yes"', 30, 'window.enable_pull_down_refresh must be true or false, not "yes"'),
    ('"fullscreen": false', '"orientation": "auto"', 30, 'window.orientation must be "portrait" or "landscape", not "auto"'),
    ('"fullscreen": false', '"navigation_style": "none"', 30, 'window.navigation_style must be "default" or "custom", not "none"'),
    ('"name": "widget",', "", 36, "the member widgets[0].name is missing; it must be a string"),
    ('"widgets/index/index"', '"a\\\\b"', 39, 'widgets[0].path must be a path inside the program, not "a\\\\b"'),
    ('"min_code": "2"', '"min_code": "two"', 38, 'widgets[0].min_code must be a whole number, not "two"'),
    ('"system.permission.LOCATION"', '""', 44, 'req_permissions[0].name must be a string that is not empty, not ""'),
    ('"To scan a QR code"', "7", 49, "req_permissions[1].reason must be a string, not 7"),
    ('"light"', '"sepia"', 52, 'color_scheme must be "auto", "light" or "dark", not "sepia"'),
    ('"tv"', '""', 55, 'device_type[1] must be a string that is not empty, not ""'),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line", "sentence"), WRONG)
def test_a_wrong_member_is_named_with_its_line_and_what_was_expected(
    old: str, new: str, line: int, sentence: str
) -> None:
    assert EXAMPLE.count(old) == 1
    with pytest.raises(ManifestError) as error:
        parse_manifest(EXAMPLE.replace(old, new))
    assert str(error.value) == f"manifest.json:{line}: {sentence}"


@pytest.mark.parametrize(
    ("member", "value", "sentence"),
    [
        ("icons", {}, "icons must be a list, not {}"),
        ("icons", ["a.png"], 'icons[0] must be a JSON object, not "a.png"'),
        ("version", 1, "version must be a JSON object, not 1"),
        ("pages", [], "pages must be a list of at least one page, not []"),
        ("pages", None, "the member pages is missing; it must be a list"),
        ("widgets", 1, "widgets must be a list, not 1"),
        ("req_permissions", "camera", 'req_permissions must be a list, not "camera"'),
        ("device_type", "tv", 'device_type must be a list, not "tv"'),
        ("window", [], "window must be a JSON object, not []"),
    ],
)
def test_a_member_of_another_type_is_refused(member: str, value: object, sentence: str) -> None:
    document = json.loads(EXAMPLE) | {member: value}
    with pytest.raises(ManifestError) as error:
        parse_manifest(json.dumps(document))
    assert str(error.value) == f"manifest.json: {sentence}"


def test_the_place_of_what_is_no_json_is_told() -> None:
    with pytest.raises(ManifestError, match=r"manifest.json:3:1: not JSON: "):
        parse_manifest('{\n"a": 1,\n}')


def test_what_the_faulty_schema_nests_in_version_is_not_looked_for_there() -> None:
    document = json.loads(EXAMPLE)
    document["version"]["pages"] = document.pop("pages")
    with pytest.raises(ManifestError, match="the member pages is missing"):
        parse_manifest(json.dumps(document))


def test_window_members_of_both_names_count_as_the_wechat_one() -> None:
    document = json.loads(EXAMPLE)
    document["window"] |= {
        "backgroundColor": "#000000",
        "orientation": "landscape",
        "fullscreen": True,
        "on_reach_bottom_distance": 10,
    }
    window = read_manifest(document).window
    assert window["backgroundColor"] == "#000000"
    assert (window["pageOrientation"], window["navigationStyle"], window["onReachBottomDistance"]) == (
        "landscape",
        "custom",
        10,
    )


def test_a_page_may_be_named_with_its_extension() -> None:
    document = json.loads(EXAMPLE) | {"pages": ["pages/mypage.html", "pages/other"]}
    assert read_manifest(document).pages == ("pages/mypage", "pages/other")


# -- lines of members ----------------------------------------------------------------------------------------------

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text('ab"\\\n{}[],:汉', max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('ab"\\{[', max_size=3), inner, max_size=4),
    max_leaves=12,
)


def paths(value: Any) -> list[tuple[str | int, ...]]:
    """Every path into a value."""
    inside: list[tuple[str | int, ...]] = [()]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in items:
        inside += [(step, *rest) for rest in paths(item)]
    return inside


@settings(deadline=None)
@given(_json)
def test_every_member_is_found_on_its_line(value: Any) -> None:
    """Indented JSON has each member and item on a line of its own, so the text up to that line ends in it."""
    text = json.dumps(value, indent=1, ensure_ascii=False)
    lines = text.split("\n")
    known = paths(value)
    places = [find_line(text, path) for path in known]
    assert places == sorted(places)
    for path, place in zip(known, places, strict=True):
        if path:
            shown = lines[place - 1].strip()
            key = json.dumps(path[-1], ensure_ascii=False) + ":" if isinstance(path[-1], str) else ""
            assert shown.startswith(key)
            assert len(lines[place - 1]) - len(lines[place - 1].lstrip()) == len(path)


def test_a_member_that_is_not_there_has_the_line_of_what_should_hold_it() -> None:
    text = '{\n "a": [\n  {\n   "b": 1\n  }\n ]\n}'
    assert find_line(text, ("a", 0, "c")) == 3
    assert find_line(text, ("x", "y")) == 1
    assert find_line('{"a": 1,\n"a": 2}', ("a",)) == 2
