"""The programs of the suite: what they are made of, and what happens to them.

A step is ``("tap", id)`` or ``(type, id, detail)``, an event on the node of the top page with that ``id``;
``("timer",)``, the next timer fires; ``("back",)``, the user goes back; ``("heard", label)``, a model has heard this.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ROUTE = "pages/index/index"
Step = tuple[Any, ...]


@dataclass(frozen=True)
class Case:
    """A program of one page and more files, and its steps. ``ends`` is how it ends by itself, if it does; ``says`` is
    something that it must show or log, so that not both engines fail in the same way."""

    template: str
    page: str
    steps: tuple[Step, ...]
    files: Mapping[str, str] | None = None
    pages: tuple[str, ...] = (ROUTE,)
    ends: str = ""
    says: str = ""


_HEAD = "from cygnet import CapabilityError, Page, call, log\n\n\nclass Index(Page):\n"
TAPS = (("tap", "a"), ("tap", "b"), ("tap", "c"))

CASES: dict[str, Case] = {
    "a counter": Case(
        '<view id="a" class="{{n > 1 ? \'many\' : \'few\'}}" bindtap="tap">{{n}} times</view>',
        _HEAD
        + """
    data = {"n": 0}

    def tap(self, event):
        self.set_data({"n": self.data["n"] + 1})
""",
        (("tap", "a"),) * 3,
        says="3 times",
    ),
    "data paths": Case(
        '<view id="a" bindtap="a">{{o.p.q}} {{l[2].x}}</view><view id="b" bindtap="b">{{l.length}}</view>'
        '<view id="c" bindtap="c">{{o.k[1]}}</view><text wx:for="{{l}}">{{index}}:{{item.x}}</text>',
        _HEAD
        + """
    data = {"o": {"p": {"q": 1}}, "l": [{"x": 1}, {"x": 2}]}

    def a(self, event):
        self.set_data({"o.p.q": 2, "l[2].x": "new", "l[0]": {"x": "first"}})

    def b(self, event):
        self.set_data({"l": self.data["l"][1:]})
        log(self.data["l"][0]["x"], len(self.data["l"]))

    def c(self, event):
        self.set_data({"o.k[1]": "made"})
        log(self.data["o"]["k"])
""",
        TAPS,
        says="made",
    ),
    "a list without keys": Case(
        '<view id="a" bindtap="a"/><view id="b" bindtap="b"/><view id="c" bindtap="c"/>'
        '<view wx:for="{{l}}" class="row">{{index}}{{item}}</view>',
        _HEAD
        + """
    data = {"l": ["x", "y", "z"]}

    def a(self, event):
        self.set_data({"l": ["y", "z"]})

    def b(self, event):
        self.set_data({"l": []})

    def c(self, event):
        self.set_data({"l": [i * i for i in range(5)]})
""",
        (*TAPS, ("tap", "a")),
        says="416",
    ),
    "a list with keys": Case(
        '<view id="a" bindtap="a"/><view id="b" bindtap="b"/><view id="c" bindtap="c"/>'
        '<view wx:for="{{l}}" wx:key="id" id="r{{item.id}}" data-n="{{index}}" bindtap="row">{{item.t}}</view>',
        _HEAD
        + """
    data = {"l": [{"id": 1, "t": "one"}, {"id": 2, "t": "two"}, {"id": 3, "t": "three"}]}

    def a(self, event):
        rows = self.data["l"][:]
        rows.reverse()
        self.set_data({"l": rows})

    def b(self, event):
        self.set_data({"l": [{"id": 9, "t": "nine"}] + self.data["l"]})

    def c(self, event):
        self.set_data({"l": [row for row in self.data["l"] if row["id"] != 2]})

    def row(self, event):
        log(event["current_target"]["id"], event["current_target"]["dataset"]["n"])
        self.set_data({"l[1].t": "changed"})
""",
        (("tap", "a"), ("tap", "r3"), ("tap", "b"), ("tap", "r9"), ("tap", "c"), ("tap", "r1")),
        says="nine",
    ),
    "conditions": Case(
        '<view id="a" bindtap="a">{{n}}</view><view wx:if="{{n === 0}}">none</view>'
        '<view wx:elif="{{n < 3}}"><text>few</text></view><block wx:else><text>many</text><text>{{n}}</text></block>'
        '<text hidden="{{n % 2 === 1}}">even</text>',
        _HEAD
        + """
    data = {"n": 0}

    def a(self, event):
        self.set_data({"n": self.data["n"] + 1})
""",
        (("tap", "a"),) * 4,
        says="many",
    ),
    "templates": Case(
        '<template name="card"><view class="card" data-k="{{k}}" bindtap="tap"><text>{{title}}: {{v}}</text></view>'
        '</template><view id="a" bindtap="a"/><template is="card" data="{{title: \'A\', v: n, k: \'x\'}}"/>'
        '<template wx:for="{{l}}" is="card" data="{{...item}}"/>',
        _HEAD
        + """
    data = {"n": 1, "l": [{"title": "L", "v": 0, "k": "l"}]}

    def a(self, event):
        self.set_data({"n": self.data["n"] * 2, "l[0].v": self.data["n"]})

    def tap(self, event):
        log(event["current_target"]["dataset"]["k"])
""",
        (("tap", "a"), ("tap", "a")),
        says="L: 0",
    ),
    "expressions": Case(
        '<view id="a" bindtap="a">{{n / 3}} {{n * 1.5}} {{-n}} {{!n}} {{n == "1"}} {{s + n}} {{o.missing}}'
        " {{t ? s : l}} {{l[n]}} {{n > 1 && s || 'no'}} {{l}} {{z}} {{f}}</view>",
        _HEAD
        + """
    data = {"n": 1, "s": "text", "o": {}, "t": False, "l": [1, 2.5, None, True], "z": None, "f": 1.0}

    def a(self, event):
        self.set_data({"n": self.data["n"] + 1, "t": not self.data["t"], "f": self.data["f"] / 4})
""",
        (("tap", "a"),) * 3,
        says="0.3333333333333333",
    ),
    "events with dataset and detail": Case(
        '<view id="a" data-lamp-id="{{n}}" data-tag="t" bindtap="a"><view id="b" data-inner="1">in</view></view>'
        '<input id="c" bindinput="typed" value="{{v}}"/><view id="d" bindtap="set_data" bindlongpress="gone"/>'
        '<input id="e" bindinput="given"/>',
        _HEAD
        + """
    data = {"n": 3, "v": ""}

    def a(self, event):
        log(event["type"], event["target"]["id"], event["detail"].get("x"))
        log(event["current_target"]["dataset"]["lampId"])
        log(event["current_target"]["dataset"]["tag"], event["target"]["dataset"].get("inner"))
        self.set_data({"n": self.data["n"] + 1})

    def typed(self, event):
        self.set_data({"v": event["detail"]["value"].upper()})

    def given(self, event):
        return event["detail"]["value"][:2]
""",
        (
            ("tap", "b", {"x": 7}),
            ("tap", "a"),
            ("input", "c", {"value": "abc"}),
            ("tap", "d"),
            ("longpress", "d"),
            ("input", "e", {"value": "abc"}),
        ),
        says="ABC",
    ),
    "bubbling and catching": Case(
        '<view bindtap="outer"><view catchtap="middle"><view id="a" bindtap="inner">1</view></view>'
        '<view id="b" bindtap="inner">2</view></view><view capture-bind:tap="first" bindtap="outer">'
        '<view id="c" bindtap="inner">3</view></view>',
        _HEAD
        + """
    data = {"said": ""}

    def note(self, name):
        log(name)

    def outer(self, event):
        self.note("outer")

    def middle(self, event):
        self.note("middle")

    def inner(self, event):
        self.note("inner")

    def first(self, event):
        self.note("first")
""",
        TAPS,
        says="middle",
    ),
    "timers": Case(
        '<view id="a" bindtap="a">{{n}}</view><view id="b" bindtap="b">{{m}}</view>',
        _HEAD
        + """
    data = {"n": 0, "m": ""}

    def a(self, event):
        self.timer = self.every(0.02, "tick", 2)
        self.after(0.01, "once", "x", "y")

    def once(self, one, two):
        self.set_data({"m": one + two})

    def tick(self, step):
        self.set_data({"n": self.data["n"] + step})
        if self.data["n"] > 5:
            self.cancel(self.timer)
            self.set_data({"m": "over"})

    def b(self, event):
        self.cancel(99)
        self.after(0.01, "again")

    def again(self):
        self.set_data({"m": "again"})
""",
        (("tap", "a"), *(("timer",),) * 4, ("tap", "b"), ("timer",)),
        says="over",
    ),
    "navigation": Case(
        '<view id="a" bindtap="a">{{shown}}</view>',
        _HEAD
        + """
    data = {"shown": 0}

    def on_load(self, query):
        log("load", sorted(query))

    def on_show(self):
        self.set_data({"shown": self.data["shown"] + 1})

    def on_hide(self):
        log("hide")

    def on_ready(self):
        log("ready")

    def a(self, event):
        self.navigate_to("/pages/b/b?x=1%20y&z=")
        log("still here")
""",
        (("tap", "a"), ("tap", "b"), ("tap", "d"), ("back",), ("tap", "a"), ("tap", "c"), ("tap", "nowhere")),
        {
            "pages/b/b.py": """
from cygnet import Page, log


class B(Page):
    data = {"q": ""}

    def on_load(self, query):
        self.set_data({"q": query["x"]})
        self.every(60, "tick")

    def on_unload(self):
        log("b unloads")

    def tick(self):
        pass

    def b(self, event):
        self.redirect_to("../c/c")

    def c(self, event):
        self.navigate_back()
""",
            "pages/b/b.wxml": '<view id="b" bindtap="b">{{q}}</view><view id="c" bindtap="c"/>',
            "pages/c/c.py": """
from cygnet import Page


class C(Page):
    data = {}

    def d(self, event):
        self.navigate_to("/pages/no/no")
""",
            "pages/c/c.wxml": '<view id="d" bindtap="d"/>',
        },
        (ROUTE, "pages/b/b", "pages/c/c"),
        says="still here",
    ),
    "capabilities": Case(
        '<view id="a" bindtap="a">{{t}}</view><view id="b" bindtap="b"/><view id="c" bindtap="c"/>',
        _HEAD
        + """
    data = {"t": ""}

    def a(self, event):
        found = call("sensor.read", name="temperature")
        self.set_data({"t": str(found["value"]) + found["unit"]})
        call("led.set", name="lamp", level=0.5)

    def b(self, event):
        try:
            call("fly", high=True)
        except CapabilityError as error:
            log("refused:", error)
        log(call("echo", a=[1, {"b": None}])["a"][0])

    def c(self, event):
        call("fly")
        log("not reached")
""",
        TAPS,
        says="21.5C",
    ),
    "errors in handlers": Case(
        '<view id="a" bindtap="a">{{n}}</view><view id="b" bindtap="b"/><view id="c" bindtap="c"/>'
        '<view id="d" bindtap="d"/>',
        "from lib.deep import fail\n"
        + _HEAD
        + """
    data = {"n": 0}

    def a(self, event):
        self.set_data({"n": 1})
        return 1 / 0

    def b(self, event):
        fail({"n": 2})

    def c(self, event):
        self.set_data({"n": {1, 2}})

    def d(self, event):
        self.set_data({"n..": 3})
""",
        (("tap", "a"), ("tap", "b"), ("tap", "c"), ("tap", "d"), ("tap", "a")),
        {"lib/deep.py": '# a comment\n\n\ndef fail(values):\n    return values["missing"]\n'},
        says="1",
    ),
    "modules that pages share": Case(
        '<view id="a" bindtap="a">{{t}}</view>',
        "import math\nfrom lib.state import add, box as kept\nfrom cygnet import Page as Base\n"
        "from cygnet import Page\n\n\nclass Index(Page):\n"
        """    data = {"t": ""}

    def a(self, event):
        add(math.floor(1.5))
        self.set_data({"t": "/".join([str(n) for n in kept])})
""",
        (("tap", "a"), ("tap", "a")),
        {
            "lib/state.py": "from lib.words import START\nbox = [START]\n\ndef add(n):\n    box.append(n + len(box))\n",
            "lib/words.py": "START = 10\n",
            "app.py": """
from cygnet import App, log
from lib.state import add


class Shop(App):
    def on_launch(self, options):
        add(100)
        log("launched", options["path"])

    def on_show(self):
        log("shown")
""",
        },
        says="10/101/3",
    ),
    "loops that hang": Case(
        '<view id="a" bindtap="a">{{n}}</view><view id="b" bindtap="b">{{n}}</view>',
        _HEAD
        + """
    data = {"n": 0}

    def a(self, event):
        self.set_data({"n": self.data["n"] + 1})
        try:
            while True:
                pass
        except Exception:
            log("not reached")

    def b(self, event):
        self.set_data({"n": 100})
""",
        (("tap", "a"), ("tap", "a"), ("tap", "b"), ("tap", "a"), ("tap", "a"), ("tap", "a")),
        ends="3 .* in a row took longer than",
        says="100",
    ),
    "a model that listens": Case(
        '<view id="a" bindtap="a">{{word}} {{sure}}</view>',
        _HEAD
        + """
    data = {"word": "", "sure": 0}

    def on_load(self, query):
        opened = call("inference.open", model="models/own.tflite")
        self.session = opened["session"]
        log(opened["labels"], opened["inputs"][0]["shape"])
        call("inference.listen", session=self.session)

    def on_inference(self, result):
        if result["session"] == self.session:
            self.set_data({"word": result["label"], "sure": round(result["probability"] * 100)})
        if result["label"] == "off":
            log(result["nothing"])

    def a(self, event):
        given = {"x": {"data": [1, 2.5]}}
        log(call("inference.run", session=self.session, inputs=given)["outputs"]["y"]["data"])
        call("inference.close", session=self.session)
""",
        (("heard", "on"), ("tap", "a"), ("heard", "off"), ("heard", "on")),
        says="on 75",
    ),
    "a model that nobody listens to": Case(
        "<view>{{n}}</view>",
        _HEAD + "    data = {'n': 1}\n",
        (("heard", "on"),),
        says="1",
    ),
    "a hog": Case(
        '<view id="a" bindtap="a">{{n}}</view>',
        _HEAD
        + """
    data = {"n": 0}

    def on_load(self, query):
        self.kept = []

    def a(self, event):
        self.set_data({"n": 1})
        for i in range(40):
            self.kept.append([i] * 10000)
""",
        (("tap", "a"), ("tap", "a"), ("tap", "a"), ("tap", "a")),
        ends="memory|MB",
        says="1",
    ),
}
