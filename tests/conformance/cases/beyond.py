"""What WeChat's rig renders otherwise, or not at all; docs/differences.md explains each heading."""

from tests.conformance.case import Case, Part, put, tap

CASES = (
    Case(
        "null and undefined in a text",
        "<view>a{{none}}b</view><view>[{{missing}}]</view>",
        "{data: {none: null}}",
        differs="Nothing in a text",
        shows={0: "<view>\n  ab\n<view>\n  []"},
    ),
    Case(
        "capture and bubbling on one element",
        "<view id='o' capture-bind:tap='a' bind:tap='b'><view id='i' capture-bind:tap='c' bind:tap='d'>x</view></view>",
        "{methods: {a() { seen('a') }, b() { seen('b') }, c() { seen('c') }, d() { seen('d') }}}",
        steps=(tap("i"), tap("o")),
        differs="Two handlers for one event on one element",
        notes={1: ("a", "c", "d", "b"), 2: ("a", "b")},
    ),
    Case(
        "an event tells what was so when it happened",
        "<view id='o' data-n='{{n}}' bindtap='o'><view id='i' bindtap='i'>x</view></view>",
        "{data: {n: 0}, methods: {i() { this.setData({n: 1}) }, o(e) { seen(e.currentTarget.dataset.n) }}}",
        steps=(tap("i"),),
        differs="The moment that an event tells of",
        notes={1: ("0",)},
    ),
    Case(
        "a property that its owner does not change stays as the component has set it",
        "<p a='{{a}}' b='{{b}}'/>",
        "{data: {a: 1, b: 1}}",
        {
            "p": Part(
                "<view id='i' bindtap='tap'>{{a}} {{b}}</view>",
                "{properties: {a: Number, b: Number}, methods: {tap() { this.setData({a: 9}) }}}",
            )
        },
        steps=(tap("i"), put(b=2), put(a=3)),
        differs="What an owner passes again",
        shows={
            1: '<p>\n  <view id="i">\n    9 1',
            2: '<p>\n  <view id="i">\n    9 2',
            3: '<p>\n  <view id="i">\n    3 2',
        },
    ),
    Case(
        "rows that go at once",
        "<item wx:for='{{list}}' wx:key='*this' name='{{item}}'/>",
        "{data: {list: ['a', 'b', 'c']}}",
        {"item": Part("x", "{properties: {name: String}, detached() { seen(this.data.name) }}")},
        steps=(put(list=[]),),
        differs="Rows that go at once",
        notes={1: ("a", "b", "c")},
    ),
    Case(
        "a list of components put in reverse order",
        "<item wx:for='{{list}}' wx:key='id' name='{{item.id}}'/>",
        "{data: {list: [{id: 'a'}, {id: 'b'}, {id: 'c'}]}}",
        {
            "item": Part(
                "<view id='{{name}}' bindtap='more'>{{name}} {{n}}</view>",
                "{properties: {name: String}, data: {n: 0}, methods: {more() { this.setData({n: this.data.n + 1}) }}}",
            )
        },
        steps=(tap("b"), put(list=[{"id": "c"}, {"id": "b"}, {"id": "a"}])),
        differs="Lists in another order",
        shows={
            2: '<item>\n  <view id="c">\n    c 0\n<item>\n  <view id="b">\n    b 1\n<item>\n  <view id="a">\n    a 0'
        },
    ),
    Case(
        "lifetimes of what comes and goes",
        "<outer wx:if='{{on}}'><inner name='light'/></outer>",
        "{data: {on: false}}",
        {
            "outer": Part("<inner name='shadow'/><slot/>", "{lifetimes: lives('outer')}", ("inner",)),
            "inner": Part("<view>{{name}}</view>", "{properties: {name: String}, lifetimes: lives('inner')}"),
        },
        steps=(put(on=True), put(on=False)),
        differs="`ready` of what comes later",
        notes={
            1: (
                "inner created",
                "outer created",
                "inner created",
                "outer attached",
                "inner attached",
                "inner attached",
                "inner ready",
                "outer ready",
                "inner ready",
            ),
            2: ("inner detached", "inner detached", "outer detached"),
        },
    ),
    Case(
        "slots with names that change",
        "<named name='{{n}}'><text slot='a'>content a</text><text slot='b'>content b</text></named>",
        "{data: {n: 'a'}}",
        {
            "named": Part(
                "<view><slot name='{{name}}'/></view>",
                "{options: {multipleSlots: true}, properties: {name: String}}",
            )
        },
        steps=(put(n="b"), put(n="c")),
        differs="Slots whose names change",
        shows={
            0: "<named>\n  <view>\n    <text>\n      content a",
            1: "<named>\n  <view>\n    <text>\n      content b",
            2: "<named>\n  <view>",
        },
    ),
    Case(
        "generics",
        "<group list='{{list}}' generic:choice='round'/><group list='{{list}}' generic:choice='square'/>",
        "{data: {list: ['a']}}",
        {
            "group": Part(
                "<choice wx:for='{{list}}' wx:key='*this' text='{{item}}'/>",
                "{properties: {list: Array}}",
                facts={"componentGenerics": {"choice": True}},
            ),
            "round": Part("<view>({{text}})</view>", "{properties: {text: String}}"),
            "square": Part("<view>[{{text}}]</view>", "{properties: {text: String}}"),
        },
        steps=(put(list=["a", "b"]),),
        differs="Generics",
        shows={
            0: "<group>\n  <choice>\n    <view>\n      (a)\n<group>\n  <choice>\n    <view>\n      [a]",
            1: "<group>\n  <choice>\n    <view>\n      (a)\n  <choice>\n    <view>\n      (b)\n"
            "<group>\n  <choice>\n    <view>\n      [a]\n  <choice>\n    <view>\n      [b]",
        },
    ),
    Case(
        "a generic with a default",
        "<group/>",
        "{}",
        {
            "group": Part("<choice/>", facts={"componentGenerics": {"choice": {"default": "../plain/plain"}}}),
            "plain": Part("<view>plain</view>"),
        },
        differs="Generics",
        shows={0: "<group>\n  <choice>\n    <view>\n      plain"},
    ),
    Case(
        "two-way bindings of components",
        "<p model:value='{{v}}'/><text>{{v}}</text>",
        "{data: {v: 'a'}}",
        {
            "p": Part(
                "<view id='i' bindtap='tap'>{{value}}</view>",
                "{properties: {value: String}, observers: {value(v) { seen('value', v) }},"
                " methods: {tap() { this.setData({value: this.data.value + '!'}) }}}",
            )
        },
        steps=(tap("i"), put(v="b")),
        differs="Two-way bindings",
        shows={
            1: '<p>\n  <view id="i">\n    a!\n<text>\n  a!',
            2: '<p>\n  <view id="i">\n    b\n<text>\n  b',
        },
    ),
    Case(
        "two-way bindings through two components",
        "<outer model:value='{{v}}'/><text>{{v}}</text>",
        "{data: {v: 1}}",
        {
            "outer": Part("<inner model:n='{{value}}'/>", "{properties: {value: Number}}", ("inner",)),
            "inner": Part(
                "<view id='i' bindtap='tap'>{{n}}</view>",
                "{properties: {n: Number}, methods: {tap() { this.setData({n: this.data.n + 1}) }}}",
            ),
        },
        steps=(tap("i"),),
        differs="Two-way bindings",
        shows={1: '<outer>\n  <inner>\n    <view id="i">\n      2\n<text>\n  2'},
    ),
    Case(
        "dynamic slots",
        "<list items='{{list}}'><view slot:item slot:index='at'>{{prefix}}{{at}}={{item}}</view></list>",
        "{data: {list: ['a', 'b'], prefix: '#'}}",
        {
            "list": Part(
                "<view wx:for='{{items}}' wx:key='*this'><slot item='{{item}}' index='{{index}}'/></view>",
                "{options: {dynamicSlots: true}, properties: {items: Array}}",
            )
        },
        steps=(put(list=["b"]), put(prefix="!")),
        differs="Dynamic slots",
        shows={
            0: "<list>\n  <view>\n    <view>\n      #0=a\n  <view>\n    <view>\n      #1=b",
            1: "<list>\n  <view>\n    <view>\n      #0=b",
            2: "<list>\n  <view>\n    <view>\n      !0=b",
        },
    ),
    Case(
        "pure data",
        "<p a='{{n}}'/>",
        "{data: {n: 1}}",
        {
            "p": Part(
                "<view>[{{_a}}] [{{b}}]</view>",
                "{options: {pureDataPattern: /^_/}, properties: {a: Number}, data: {_a: 0, b: 0},"
                " observers: {a(a) { this.setData({_a: a}) }, _a(a) { this.setData({b: a * 2}); seen(this.data._a) }}}",
            )
        },
        steps=(put(n=2),),
        differs="Pure data",
        shows={0: "<p>\n  <view>\n    [] [2]", 1: "<p>\n  <view>\n    [] [4]"},
        notes={0: ("1",), 1: ("2",)},
    ),
    Case(
        "marks",
        "<view mark:a='1' mark:b='{{n}}' bindtap='got'><view id='i' mark:b='own' data-x='1'>x</view></view>",
        "{data: {n: 2}, methods: {got(e) { seen(e.mark) }}}",
        steps=(tap("i"),),
        differs="Marks",
        notes={1: ('{"a":"1","b":"own"}',)},
    ),
    Case(
        "handlers in wxs",
        """
        <wxs module="m">
          module.exports.tap = function (e, owner) {
            e.instance.addClass('touched')
            e.instance.setStyle({ color: 'red' })
            owner.callMethod('told', { id: e.currentTarget.id, n: e.currentTarget.dataset.n })
            return false
          }
        </wxs>
        <view id="o" bindtap="never"><view id="i" class="one" data-n="{{n}}" bindtap="{{m.tap}}">x</view></view>
        """,
        "{data: {n: 3}, methods: {told(x) { seen('told', x) }, never() { seen('never') }}}",
        steps=(tap("i"),),
        differs="Handlers in wxs",
        shows={1: '<view id="o">\n  <view class="one touched" id="i" style="color: red">\n    x'},
        notes={1: ('told {"id":"i","n":3}',)},
    ),
    Case(
        "a change that wxs hears",
        """
        <wxs module="m">
          module.exports.changed = function (now, before, owner, instance) {
            owner.callMethod('told', { now: now, before: before })
          }
        </wxs>
        <view change:n="{{m.changed}}" n="{{n}}">{{n}}</view>
        """,
        "{data: {n: 1}, methods: {told(x) { seen('told', x) }}}",
        steps=(put(n=2),),
        differs="Handlers in wxs",
        notes={1: ('told {"before":1,"now":2}',)},
    ),
    Case(
        "lifetimes of the page and of its components on it",
        "<p/>",
        """{lifetimes: lives('page'), methods: {
          onLoad(query) { seen('onLoad', query) }, onShow() { seen('onShow') }, onReady() { seen('onReady') },
        }}""",
        {"p": Part("x", "{lifetimes: lives('p'), pageLifetimes: {show() { seen('p show') }}}")},
        differs="Lifetimes of pages",
        notes={
            0: (
                "p created",
                "page created",
                "page attached",
                "p attached",
                "onLoad {}",
                "p show",
                "onShow",
                "p ready",
                "page ready",
                "onReady",
            )
        },
    ),
    Case(
        "a selector that finds nothing",
        "<view id='go' bindtap='go'/>",
        "{methods: {go() { seen(this.selectComponent('.none'), this.selectAllComponents('.none')) }}}",
        steps=(tap("go"),),
        differs="A selector that finds nothing",
        notes={1: ("null []",)},
    ),
    Case(
        "several changes at once",
        "<p/>",
        parts={
            "p": Part(
                "<view id='i' bindtap='tap'>{{a}}{{b}}</view>",
                "{data: {a: 1, b: 1}, observers: {'a, b'(a, b) { seen('both', a, b) }}, methods: {tap() {"
                " this.groupSetData(() => { this.setData({a: 2}); this.setData({b: 2}) }) }}}",
            )
        },
        steps=(tap("i"),),
        differs="groupSetData",
        shows={1: '<p>\n  <view id="i">\n    22'},
    ),
    Case(
        "a property that may be of several types",
        "<p v='{{v}}'/>",
        "{data: {v: 1}}",
        {
            "p": Part(
                "<view>{{kind}}</view>",
                "{properties: {v: {type: Number, optionalTypes: [String, Object]}}, data: {kind: ''},"
                " observers: {v(v) { this.setData({kind: typeof v}) }}}",
            )
        },
        steps=(put(v="text"), put(v={"a": 1})),
        differs="Properties of several types",
        shows={
            0: "<p>\n  <view>\n    number",
            1: "<p>\n  <view>\n    string",
            2: "<p>\n  <view>\n    object",
        },
    ),
)
