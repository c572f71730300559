"""Events: the way they take, what they tell, who stops them, and what components send."""

from tests.conformance.case import Case, Part, event, put, tap

# Page handlers that note what they hear.
_HEAR = "a(e) { heard('a', e) }, b(e) { heard('b', e) }, c(e) { heard('c', e) }, d(e) { heard('d', e) }"
_SCRIPT = "{methods: {" + _HEAR + "}}"

CASES = (
    Case(
        "bubbling",
        "<view id='o' bindtap='a'><view id='m' bind:tap='b'><text id='i' bindtap='c'>x</text></view></view>",
        _SCRIPT,
        steps=(tap("i"), tap("m"), tap("o")),
    ),
    Case(
        "catch",
        "<view id='o' bindtap='a'><view id='m' catchtap='b'><text id='i' bindtap='c'>x</text></view></view>",
        _SCRIPT,
        steps=(tap("i"), tap("m"), tap("o")),
    ),
    Case(
        "capture",
        "<view id='o' capture-bind:tap='a'><view id='m' bind:tap='b'><view id='i' capture-bind:tap='c'>x</view></view>"
        "</view>",
        _SCRIPT,
        steps=(tap("i"), tap("m"), tap("o")),
    ),
    Case(
        "capture that catches",
        "<view id='o' capture-catch:tap='a' bind:tap='b'>"
        "<view id='i' capture-bind:tap='c' bind:tap='d'>x</view></view>",
        _SCRIPT,
        steps=(tap("i"),),
    ),
    Case(
        "mut-bind",
        "<view id='o' mut-bind:tap='a'><view id='m' bindtap='b'><view id='i' mut-bind:tap='c'>x</view></view></view>",
        _SCRIPT,
        steps=(tap("i"), tap("o")),
    ),
    Case(
        "a handler that is chosen by an expression",
        "<view id='i' bindtap='{{on ? \"a\" : \"b\"}}'>x</view>",
        "{data: {on: true}, methods: {" + _HEAR + "}}",
        steps=(tap("i"), put(on=False), tap("i")),
    ),
    Case(
        "a handler that is not there",
        "<view id='o' bindtap='a'><view id='i' bindtap='missing'>x</view></view>",
        _SCRIPT,
        steps=(tap("i"),),
        warns='no method "missing"',
    ),
    Case(
        "a component's own event",
        "<p id='p' data-k='{{n}}' bind:note='a' bindother='b'/>",
        "{data: {n: 1}, methods: {" + _HEAR + "}}",
        {
            "p": Part(
                "<view id='i' data-in='1' bindtap='tap'>x</view>",
                "{methods: {tap(e) { heard('inside', e); this.triggerEvent('note', {from: 'p', list: [1]});"
                " this.triggerEvent('other') }}}",
            )
        },
        steps=(tap("i"),),
    ),
    Case(
        "a tap goes through the border of a component, told from its host",
        "<view id='o' bindtap='a'><p id='p' data-p='1' bindtap='b'>"
        "<view id='light' data-l='1' bindtap='c'>y</view></p></view>",
        _SCRIPT,
        {
            "p": Part(
                "<view id='i' data-in='1' bindtap='tap'>x</view><slot/>", "{methods: {tap(e) { heard('inside', e) }}}"
            )
        },
        steps=(tap("i"), tap("light"), tap("p")),
    ),
    Case(
        "a component catches a tap",
        "<view id='o' bindtap='a'><p id='p' bindtap='b'/></view>",
        _SCRIPT,
        {"p": Part("<view id='i' catchtap='tap'>x</view>", "{methods: {tap(e) { heard('inside', e) }}}")},
        steps=(tap("i"),),
    ),
    Case(
        "content caught in its component",
        "<p id='p' bindtap='b'><view id='light' bindtap='c'>y</view></p>",
        _SCRIPT,
        {"p": Part("<view id='i' catchtap='tap'><slot/></view>", "{methods: {tap(e) { heard('inside', e) }}}")},
        steps=(tap("light"),),
    ),
    *(
        Case(
            f"an event that {word}",
            "<view id='c' capture-bind:note='d'><view id='o' bind:note='a'><outer id='p' bind:note='b'>"
            "<view id='l' bind:note='c'>y</view></outer></view></view>",
            _SCRIPT,
            {
                "outer": Part(
                    "<view id='between' bind:note='one'><inner id='q' bind:note='two'><slot/></inner></view>",
                    "{methods: {one(e) { heard('one', e) }, two(e) { heard('two', e) }}}",
                    ("inner",),
                ),
                "inner": Part(
                    "<view id='i' bindtap='tap'>x</view><view id='around' bind:note='three'><slot/></view>",
                    "{methods: {tap() { this.triggerEvent('note', 1, " + options + ") },"
                    " three(e) { heard('three', e) }}}",
                ),
            },
            steps=(tap("i"),),
        )
        for word, options in (
            ("stays on its component", "{}"),
            ("bubbles", "{bubbles: true}"),
            ("is composed", "{bubbles: true, composed: true}"),
            ("is composed but does not bubble", "{composed: true}"),
            ("has a capture phase", "{bubbles: true, composed: true, capturePhase: true}"),
        )
    ),
    Case(
        "details of many kinds",
        "<p bind:note='got'/>",
        "{methods: {got(e) { seen(e.detail) }}}",
        {
            "p": Part(
                "<view id='i' bindtap='tap'>x</view>",
                "{methods: {tap() { for (const one of [0, '', null, 'text', [1, {a: 2}], {deep: {er: true}}, false])"
                " this.triggerEvent('note', one) }}}",
            )
        },
        steps=(tap("i"),),
    ),
    Case(
        "what a handler sets is shown when it returns to its component",
        "<p bind:note='got' n='{{n}}'/>",
        "{data: {n: 0}, methods: {got(e) { this.setData({n: e.detail}); seen('page', this.data.n) }}}",
        {
            "p": Part(
                "<view id='i' bindtap='tap'>{{n}}</view>",
                "{properties: {n: Number}, methods: {tap() { this.triggerEvent('note', this.data.n + 1);"
                " seen('part', this.data.n) }}}",
            )
        },
        steps=(tap("i"), tap("i")),
    ),
    Case(
        "events of form components",
        "<input id='in' data-f='name' bindinput='a' bindfocus='b' bindblur='c'/><switch id='sw' bindchange='d'/>",
        _SCRIPT,
        steps=(event("in", "input", {"value": "x", "cursor": 1}), event("sw", "change", {"value": True})),
    ),
    Case(
        "handlers in a loop tell their row",
        "<view wx:for='{{list}}' wx:key='id' id='row{{item.id}}' data-item='{{item}}'"
        " data-index='{{index}}' bindtap='a'>{{item.id}}</view>",
        "{data: {list: [{id: 1}, {id: 2}]}, methods: {" + _HEAR + "}}",
        steps=(tap("row2"), put(list=[{"id": 2}, {"id": 1}]), tap("row2")),
    ),
    Case(
        "a component in a component answers the page",
        "<outer bind:done='a'/>",
        _SCRIPT,
        {
            "outer": Part(
                "<inner bind:press='press'/><text>{{n}}</text>",
                "{data: {n: 0}, methods: {press(e) { this.setData({n: this.data.n + e.detail});"
                " this.triggerEvent('done', this.data.n) }}}",
                ("inner",),
            ),
            "inner": Part(
                "<view id='i' bindtap='tap'>x</view>", "{methods: {tap() { this.triggerEvent('press', 2) }}}"
            ),
        },
        steps=(tap("i"), tap("i")),
    ),
)
