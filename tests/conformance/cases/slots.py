"""Content of components: slots, named and many, that come and go, nest, and pass content on."""

from tests.conformance.case import Case, Part, put, tap

_BOX = Part("<view class='box'><slot/></view>")
_PANEL = Part(
    "<view class='head'><slot name='head'/></view><view class='body'><slot/></view><slot name='foot'/>",
    "{options: {multipleSlots: true}}",
)

CASES = (
    Case(
        "one slot",
        "<box><text>{{t}}</text> and text {{t}}</box><box/>",
        "{data: {t: 'a'}}",
        {"box": _BOX},
        steps=(put(t="b"),),
    ),
    Case(
        "slots within slots",
        "<box><view>{{t}}<box><text>{{t}}</text></box></view></box>",
        "{data: {t: 'a'}}",
        {"box": _BOX},
        steps=(put(t="b"),),
    ),
    Case(
        "no slot, so no content",
        "<bare><text>lost</text></bare>",
        parts={"bare": Part("<view>bare</view>")},
    ),
    Case(
        "named slots",
        "<panel><view slot='foot'>f {{t}}</view><view slot='head'>h {{t}}</view>"
        "<text>b</text>loose<view slot='none'>x</view></panel>",
        "{data: {t: 'a'}}",
        {"panel": _PANEL},
        steps=(put(t="b"),),
    ),
    Case(
        "a slot attribute without multiple slots",
        "<box><view slot='foot'>f</view><text>b</text></box>",
        parts={"box": _BOX},
    ),
    Case(
        "slots with names, without multiple slots",
        "<a>in a</a><b>in b</b><c>in c</c><d f='{{f}}'>in d</d>",
        "{data: {f: true}}",
        {
            "a": Part("<view class='m'><slot name='m'/></view><view><slot/></view>"),
            "b": Part("<view><slot/></view><view class='other'><slot/></view>"),
            "c": Part("<view class='m'><slot name='m'/></view>"),
            "d": Part(
                "<view><slot name='m' wx:if='{{f}}'/></view><view class='two'><slot/></view>",
                "{properties: {f: Boolean}}",
            ),
        },
        steps=(put(f=False), put(f=True)),
    ),
    Case(
        "content moves when its slot attribute changes",
        "<panel><view slot='{{where}}'>mover</view><view>fixed</view></panel>",
        "{data: {where: 'head'}}",
        {"panel": _PANEL},
        steps=(put(where="foot"), put(where=""), put(where="nowhere"), put(where="head")),
    ),
    Case(
        "conditions and loops as content",
        """
        <panel>
          <view wx:if="{{on}}" slot="head">on</view><view wx:else slot="foot">off</view>
          <block wx:for="{{list}}" wx:key="*this"><text>{{item}}</text><text slot="foot">f{{item}}</text></block>
        </panel>
        """,
        "{data: {on: true, list: [1, 2]}}",
        {"panel": _PANEL},
        steps=(put(on=False), put(list=[2, 3, 1]), put(on=True, list=[])),
    ),
    Case(
        "a slot that comes and goes",
        "<maybe show='{{show}}'><text>{{t}}</text></maybe>",
        "{data: {show: false, t: 'a'}}",
        {
            "maybe": Part(
                "<view wx:if='{{show}}'>[<slot/>]</view><view wx:else>closed</view>", "{properties: {show: Boolean}}"
            )
        },
        steps=(put(show=True), put(t="b"), put(show=False), put(t="c"), put(show=True)),
    ),
    Case(
        "a slot changes its place",
        "<either first='{{first}}'><text>{{t}}</text></either>",
        "{data: {first: true, t: 'a'}}",
        {
            "either": Part(
                "<view class='one'><slot wx:if='{{first}}'/></view><view class='two'><slot wx:if='{{!first}}'/></view>",
                "{properties: {first: Boolean}}",
            )
        },
        steps=(put(first=False), put(t="b"), put(first=True)),
    ),
    Case(
        "slots in a loop",
        "<tabs list='{{list}}'><view wx:for='{{list}}' wx:key='*this' slot='{{item}}'>of {{item}}</view></tabs>",
        "{data: {list: ['a', 'b']}}",
        {
            "tabs": Part(
                "<view wx:for='{{list}}' wx:key='*this' class='tab'>{{item}}:<slot name='{{item}}'/></view>",
                "{options: {multipleSlots: true}, properties: {list: Array}}",
            )
        },
        steps=(put(list=["b", "a"]), put(list=["b", "c"]), put(list=[])),
    ),
    Case(
        "a slot handed on to another component's slot",
        "<outer><text slot='head'>h {{t}}</text><text>{{t}}</text></outer>",
        "{data: {t: 'a'}}",
        {
            "outer": Part(
                "<panel><view slot='head'><slot name='head'/></view><slot/></panel>",
                "{options: {multipleSlots: true}}",
                ("panel",),
            ),
            "panel": _PANEL,
        },
        steps=(put(t="b"),),
    ),
    Case(
        "components as content of components, in a loop",
        "<box><item wx:for='{{list}}' wx:key='*this' text='{{item}}'/></box>",
        "{data: {list: ['a', 'b', 'c']}}",
        {
            "box": _BOX,
            "item": Part(
                "<view id='{{text}}' bindtap='more'>{{text}} {{n}}</view>",
                "{properties: {text: String}, data: {n: 0}, methods: {more() { this.setData({n: this.data.n + 1}) }}}",
            ),
        },
        steps=(tap("b"), put(list=["c", "b", "d"]), tap("b"), put(list=["d", "c"]), put(list=["b"])),
    ),
    Case(
        "default content around a slot",
        "<fallback has='{{has}}'><text>mine</text></fallback>",
        "{data: {has: false}}",
        {"fallback": Part("<slot wx:if='{{has}}'/><view wx:else>default</view>", "{properties: {has: Boolean}}")},
        steps=(put(has=True), put(has=False)),
    ),
    Case(
        "a virtual host",
        "<view><ghost t='{{t}}' id='g' class='c'><text>in</text></ghost><text>after</text></view>",
        "{data: {t: 'a'}}",
        {"ghost": Part("<view>{{t}}</view><slot/>", "{options: {virtualHost: true}, properties: {t: String}}")},
        steps=(put(t="b"),),
    ),
    Case(
        "virtual hosts in a loop, and within each other",
        "<ghost wx:for='{{list}}' wx:key='*this' t='{{item}}'><ghost t='in {{item}}'/></ghost><view>end</view>",
        "{data: {list: [1, 2]}}",
        {
            "ghost": Part(
                "<view wx:if='{{t}}'>{{t}}</view><slot/>", "{options: {virtualHost: true}, properties: {t: String}}"
            )
        },
        steps=(put(list=[2, 3, 1]), put(list=[]), put(list=[1])),
    ),
    Case(
        "slot content in templates and includes",
        "<template name='t'><view slot='head'>{{t}}</view></template><panel>"
        "<template is='t' data='{{t}}'/><text>b</text></panel>",
        "{data: {t: 'a'}}",
        {"panel": _PANEL},
        steps=(put(t="b"),),
    ),
    Case(
        "a component that uses itself",
        "<tree node='{{root}}'/>",
        "{data: {root: {name: 'a', kids: [{name: 'b', kids: []}, {name: 'c', kids: [{name: 'd', kids: []}]}]}}}",
        {
            "tree": Part(
                "<view>{{node.name}}<tree wx:for='{{node.kids}}' wx:key='name' node='{{item}}'/></view>",
                "{properties: {node: Object}}",
                ("tree",),
            )
        },
        steps=(put(root={"name": "x", "kids": [{"name": "c", "kids": []}]}),),
    ),
)
