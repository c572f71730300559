"""Scenes become updates of bounded size, out of which the same page can be made again."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_runtime.host.viewing.packing import MAX_IMAGE_BYTES, Packer, Parcels, resolve
from device_runtime.host.viewing.scene import SceneKeeper
from device_runtime.sync.screen_messages import MAX_UPDATE_BYTES, ScreenUpdate, encode_update, unpack_picture
from device_runtime.view.mirror import MirrorTree
from firmware_tools.fleet.screen.pictures import check_messages

APP = "org.example.notes"
FILES = {
    "app.css": b"view { background: url(red.png) } b { background: url(https://x.example/y) } i { src: url(big.png) }",
    "pages/a.css": b"@font-face { src: url('../icons.woff2') }",
    "red.png": b"\x89PNG small",
    "big.png": b"\x89PNG" + bytes(MAX_IMAGE_BYTES),
    "icons.woff2": b"wOF2",
    "page.html": b"<script>",
}


class Way:
    """From what screens are told to what somebody far away has of it."""

    def __init__(self) -> None:
        self.keeper = SceneKeeper("view", set(), lambda: None)
        self.packer = Packer(lambda _app, _version, path: FILES.get(path), "Kitchen", lambda _app: "Notes")
        self.messages: list[dict[str, Any]] = []
        self.tree = MirrorTree()
        self.updates = 0
        self.tell({"type": "programs", "programs": []})
        self.tell({"type": "foreground", "app_id": APP})
        self.stack(1)

    def tell(self, message: dict[str, Any]) -> None:
        self.keeper.take(message)

    def stack(self, *pages: int, snapshot: bool = False) -> None:
        stack = [
            {"id": page, "route": "pages/a", "window": {"navigationBarTitleText": "N"}, "styles": []} for page in pages
        ]
        self.tell({"type": "stack", "app_id": APP, "version": 1, "pages": stack, "tab_bar": None, "snapshot": snapshot})

    def patch(self, *operations: Any, page: int = 1) -> None:
        self.tell({"type": "patch", "app_id": APP, "page": page, "operations": list(operations)})

    def send(self) -> list[dict[str, Any]]:
        """What goes out now, as the other end has it."""
        parcels = Parcels()
        parcels.put(self.packer.messages(self.keeper.scene(), {"width": 800, "height": 480, "rpx": None}))
        fresh: list[dict[str, Any]] = []
        while parcels:
            update = ScreenUpdate("0" * 32, 9_999, "shown", "", 2**33, 2**40, 2**40, True, parcels.take())
            assert len(encode_update(update)) <= MAX_UPDATE_BYTES
            fresh += check_messages(unpack_picture(update.picture))
            self.updates += 1
        for message in fresh:
            if message["type"] == "begin":
                self.tree = MirrorTree()
            if message["type"] == "patch":
                self.tree.apply(message["operations"])
        self.messages += fresh
        return fresh

    def texts(self) -> str:
        return self.tree.root.text_content()


def test_style_sheets_and_pictures_come_along_and_ask_for_nothing() -> None:
    way = Way()
    way.patch(*(["insert", 0, 0, [number, "image", {"src": source}, [], []]] for number, source in enumerate(
        ["../red.png", "/big.png", "page.html", "https://x.example/a.png", "../red.png?again"], 1)))  # fmt: skip
    sent = way.send()
    styles = {message["path"]: message["text"] for message in sent if message["type"] == "style"}
    assert styles["app.css"].count("none") == 2
    assert "data:image/png;base64," in styles["app.css"]
    assert "data:font/woff2;base64," in styles["pages/a.css"]
    assert [message["path"] for message in sent if message["type"] == "image"] == ["red.png"]
    assert "x.example" not in repr(sent)
    way.patch(["insert", 0, 0, [9, "image", {"src": "../red.png"}, [], []]])
    assert [message["type"] for message in way.send()] == ["patch"]  # it is there already
    way.packer.begin()
    assert {message["type"] for message in way.send()} == {"begin", "style", "stack", "image", "patch"}


def test_a_large_page_goes_out_in_pieces_and_is_the_same() -> None:
    way = Way()
    rows = [
        [10 + 2 * n, "view", {"class": f"{n:x}" * 60}, [], [[11 + 2 * n, f"row {n * 7919 % 100_003} "]]]
        for n in range(6000)
    ]
    way.patch(["insert", 0, 0, [1, "view", {}, [], rows]])
    way.send()
    assert way.updates > 1
    assert way.texts() == "".join(f"row {n * 7919 % 100_003} " for n in range(6000))
    way.patch(["text", 11, "changed"], ["remove", 14])
    assert way.send() == [
        {"type": "patch", "page": 1, "operations": [["remove", 14]]},
        {"type": "patch", "page": 1, "operations": [["text", 11, "changed"]]},
    ]


def test_a_deep_page_goes_out_in_pieces_too() -> None:
    way = Way()
    node: list[Any] = [1000, "at the bottom"]
    for number in range(999, 0, -1):
        node = [number, "view", {}, [], [node]]
    for operation in _in_steps(node):
        way.patch(operation)
    way.send()
    assert way.texts() == "at the bottom"


def _in_steps(node: list[Any]) -> list[Any]:
    operations, parent = [], 0
    while len(node) == 5:
        operations.append(["insert", parent, 0, [*node[:4], []]])
        parent, node = node[0], node[4][0]
    return [*operations, ["insert", parent, 0, node]]


def test_one_thing_that_is_too_large_is_left_out_and_the_rest_goes() -> None:
    way = Way()
    noise = "".join(chr(0x4E00 + n * n % 20_000) for n in range(60_000))
    way.patch(["insert", 0, 0, [1, "rich-text", {"nodes": noise, "class": "x"}, [], []]], ["insert", 0, 1, [2, noise]])
    sent = way.send()
    assert way.tree.find("rich-text").attributes == {"class": "x"}
    assert way.texts() == noise[: 32 * 1024]
    assert all(message["type"] != "left_out" for message in sent)


@pytest.mark.parametrize("value", [math.nan, math.inf, b"bytes", "\ud800", {"deep": [math.nan]}])
def test_values_that_json_has_not_are_no_reason_to_fail(value: Any) -> None:
    way = Way()
    way.patch(["insert", 0, 0, [1, "view", {"a": value, "b": "kept"}, [], []]])
    way.send()
    assert way.tree.find("view").attributes["b"] == "kept"


def test_a_page_that_cannot_be_followed_is_said_to_be_left_out() -> None:
    way = Way()
    way.patch(["remove", 77])
    assert way.send()[-1] == {"type": "left_out", "what": "page"}


def test_only_what_is_in_front_goes_out() -> None:
    way = Way()
    way.patch(["insert", 0, 0, [1, "first page"]])
    way.stack(1, 2)
    way.patch(["insert", 0, 0, [1, "second page"]], page=2)
    way.tell({"type": "speech", "text": "what was answered", "url": ""})
    way.tell({"type": "voice", "stage": "recognised", "text": "what was said"})
    way.tell({"type": "ui", "app_id": "", "name": "showModal", "arguments": {"title": "the device asks"}, "id": "d1"})
    way.tell(
        {"type": "ui", "app_id": "org.example.other", "name": "showToast", "arguments": {"title": "other"}, "id": ""}
    )
    way.tell({"type": "ui", "app_id": APP, "name": "showModal", "arguments": {"title": "the program asks"}, "id": "d2"})
    sent = repr(way.send())
    assert "second page" in sent
    assert "the program asks" in sent
    for hidden in ("first page", "what was answered", "what was said", "the device asks", "other"):
        assert hidden not in sent
    way.tell({"type": "ui_done", "id": "d2"})
    assert way.send() == [{"type": "ui_done", "id": "d2"}]
    way.tell({"type": "foreground", "app_id": None})
    assert [message["type"] for message in way.send()] == ["home"]


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9), st.text("ab<", max_size=3)), max_size=30),
    st.integers(1, 5),
)
def test_whenever_it_is_sent_the_other_end_has_the_same(steps: list[tuple[int, int, str]], every: int) -> None:
    way = Way()
    mirror = MirrorTree()
    next_id = 1
    for count, (what, where, text) in enumerate(steps):
        top = mirror.root.children
        if what == 0 or not top:
            operation: list[Any] = [
                "insert",
                0,
                where % (len(top) + 1),
                [next_id, "view", {"a": text}, ["tap"], [[next_id + 1, text]]],
            ]
            next_id += 2
        elif what == 1:
            operation = ["remove", top[where % len(top)].id]
        elif what == 2:
            operation = ["move", top[-1].id, 0, where % len(top)]
        else:
            operation = ["text", top[where % len(top)].children[0].id, text]
        mirror.apply([operation])
        way.patch(operation)
        if count % every == 0:
            way.send()
    way.send()
    assert way.tree.root.text_content() == mirror.root.text_content()
    assert [node.id for node in way.tree.root.walk()] == [node.id for node in mirror.root.walk()]


@pytest.mark.parametrize(
    ("base", "address", "path"),
    [
        ("pages/a/b", "c.png", "pages/a/c.png"),
        ("pages/a/b", "/c.png", "c.png"),
        ("a", "../../../etc/passwd", "etc/passwd"),
        ("pages/a", "./x/../y.png?z#q", "pages/y.png"),
    ],
)
def test_a_path_stays_in_the_package(base: str, address: str, path: str) -> None:
    assert resolve(base, address) == path
