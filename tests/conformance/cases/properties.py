"""What goes into components: properties, observers, external classes, behaviors, data."""

from tests.conformance.case import Case, Part, put, tap

CASES = (
    Case(
        "properties of every type",
        '<p s="{{v}}" n="{{v}}" b="{{v}}" o="{{v}}" a="{{v}}" any="{{v}}"/>',
        "{data: {v: 1}}",
        {
            "p": Part(
                '<view>{{s}}|{{n}}|{{b}}|{{any}}</view><view wx:for="{{a}}" wx:key="*this">{{item}}</view>',
                "{properties: {s: String, n: Number, b: Boolean, o: Object, a: Array, any: null},"
                " observers: {'s, n, b': function (s, n, b) { seen('now', typeof s, typeof n, typeof b) }}}",
            )
        },
        steps=(put(v="12"), put(v=True), put(v="")),
        warns="the value for",
    ),
    Case(
        "defaults of properties",
        '<p/><p title="given"/><p title="{{missing}}"/>',
        parts={
            "p": Part(
                "<view>{{title}} {{count}} {{list.length}} {{on}} {{plain}}</view>",
                "{properties: {title: {type: String, value: 'none'}, count: {type: Number, value: 3},"
                " list: {type: Array, value: [1, 2]}, on: {type: Boolean, value: true}, plain: String}}",
            )
        },
        warns="the value for 'title'",
    ),
    Case(
        "a property set and set back",
        '<p title="{{t}}"/>',
        "{data: {t: 'a'}}",
        {
            "p": Part(
                "<view>{{title}}</view>",
                "{properties: {title: {type: String, value: 'none', observer(now, before) {"
                " seen('observer', now, before) }}}}",
            )
        },
        steps=(put(t="b"), put(t="b"), put(t="c")),
    ),
    Case(
        "an observer by name",
        '<p title="{{t}}"/>',
        "{data: {t: 'a'}}",
        {
            "p": Part(
                "<view>{{title}}{{more}}</view>",
                "{properties: {title: {type: String, observer: 'changed'}}, data: {more: ''},"
                " methods: {changed(now) { this.setData({more: ' was ' + now}) }}}",
            )
        },
        steps=(put(t="b"),),
    ),
    Case(
        "property names in kebab case and camel case",
        '<p my-title="{{t}}" myCount="{{n}}"/>',
        "{data: {t: 'a', n: 1}}",
        {"p": Part("<view>{{myTitle}} {{myCount}}</view>", "{properties: {myTitle: String, myCount: Number}}")},
        steps=(put(t="b", n=2),),
    ),
    Case(
        "attributes that stand alone or are constant",
        '<p on/><p on="{{false}}"/><p on="{{true}}" n="5"/><p on="x" n="{{5}}"/>',
        parts={"p": Part("<view>{{on}} {{n}}</view>", "{properties: {on: Boolean, n: Number}}")},
    ),
    Case(
        "observers of several members",
        '<p a="{{a}}" b="{{b}}"/>',
        "{data: {a: 1, b: 2}}",
        {
            "p": Part(
                "<view id='add' bindtap='add'>{{a}} {{b}} {{sum}}</view>",
                "{properties: {a: Number, b: Number}, data: {sum: 0},"
                " observers: {'a, b': function (a, b) { seen('sum', a, b); this.setData({sum: a + b}) }},"
                " methods: {add() { this.setData({a: this.data.a + 10}) }}}",
            )
        },
        steps=(put(a=5), put(a=6, b=6), tap("add"), put(a=0)),
    ),
    Case(
        "observers of members within members",
        "<p/>",
        parts={
            "p": Part(
                "<view id='one' bindtap='one'>{{obj.x}}</view><view id='two' bindtap='two'>{{list[0]}}</view>"
                "<view id='all' bindtap='all'>{{obj.y}}</view>",
                "{data: {obj: {x: 1, y: 2}, list: [1, 2]}, observers: {"
                "'obj.x'(x) { seen('obj.x', x) }, 'list[0]'(x) { seen('list[0]', x) }, 'obj.**'(o) {"
                " seen('obj.**', o) }},"
                " methods: {one() { this.setData({'obj.x': 5}) }, two() { this.setData({'list[0]': 7}) },"
                " all() { this.setData({obj: {x: 8, y: 9}}) }}}",
            )
        },
        steps=(tap("one"), tap("two"), tap("all")),
    ),
    Case(
        "an observer that sets what it observes no more than once",
        '<p n="{{n}}"/>',
        "{data: {n: 1}}",
        {
            "p": Part(
                "<view>{{n}} {{capped}}</view>",
                "{properties: {n: Number}, data: {capped: 0},"
                " observers: {n(n) { seen('n', n); this.setData({capped: Math.min(n, 3)}) },"
                " capped(c) { seen('capped', c) }}}",
            )
        },
        steps=(put(n=2), put(n=9), put(n=10)),
    ),
    Case(
        "objects and lists as properties are copies",
        '<p list="{{list}}" obj="{{obj}}"/><view>{{list.length}} {{obj.a}}</view>',
        "{data: {list: [1], obj: {a: 1}}}",
        {
            "p": Part(
                "<view id='push' bindtap='push'>{{list.length}} {{obj.a}}</view>",
                "{properties: {list: Array, obj: Object}, methods: {push() {"
                " this.data.list.push(2); this.setData({list: this.data.list, 'obj.a': 'mine'}) }}}",
            )
        },
        steps=(tap("push"), put(obj={"a": 3}, list=[7])),
    ),
    Case(
        "properties passed down through components",
        '<outer text="{{t}}"/>',
        "{data: {t: 'a'}}",
        {
            "outer": Part('<inner text="{{text}}!"/>', "{properties: {text: String}}", ("inner",)),
            "inner": Part("<view>{{text}}?</view>", "{properties: {text: String}}"),
        },
        steps=(put(t="b"),),
    ),
    Case(
        "each instance has its own data",
        "<p name='a'/><p name='b'/>",
        parts={
            "p": Part(
                "<view id='{{name}}' bindtap='more'>{{n}} {{list.length}}</view>",
                "{properties: {name: String}, data: {n: 0, list: []},"
                " methods: {more() { this.data.list.push(1); this.setData({n: this.data.n + 1, list:"
                " this.data.list}) }}}",
            )
        },
        steps=(tap("b"), tap("b"), tap("a")),
    ),
    Case(
        "external classes",
        '<p class="own" my-class="big {{extra}}" other-class="x"/>',
        "{data: {extra: 'red'}}",
        {
            "p": Part(
                '<view class="inside my-class">a</view><view class="other-class {{on}}">b</view>',
                "{externalClasses: ['my-class', 'other-class'], data: {on: 'on'}}",
            )
        },
        steps=(put(extra=""), put(extra="blue green")),
    ),
    Case(
        "lists of classes",
        "<view class='{{names}}'>x</view><p class='{{names}}' my-class='{{names}}'/>"
        "<view class='one {{names}} t,u v.w'>x</view><view class='{{text}} {{names}}'>x</view>",
        "{data: {names: ['a', 'b'], text: 'p,q'}}",
        {"p": Part("<view class='inside my-class'/>", "{externalClasses: ['my-class']}")},
        steps=(put(names=["c"]), put(names=[])),
    ),
    Case(
        "external classes passed on",
        '<outer my-class="big"/>',
        parts={
            "outer": Part('<inner its-class="my-class more"/>', "{externalClasses: ['my-class']}", ("inner",)),
            "inner": Part('<view class="its-class">a</view>', "{externalClasses: ['its-class']}"),
        },
    ),
    Case(
        "class, style, id and hidden of a component",
        '<p id="the-{{n}}" class="a b{{n}}" style="top: {{n}}px" hidden="{{n > 1}}"/>',
        "{data: {n: 1}}",
        {"p": Part("<view>in</view>")},
        steps=(put(n=2),),
    ),
    Case(
        "behaviors",
        '<p a="1" b="2"/>',
        parts={
            "p": Part(
                "<view id='x' bindtap='hello'>{{a}} {{b}} {{c}} {{d}} {{deep.own}}{{deep.first}}{{deep.second}}</view>",
                """{
                  behaviors: [second], properties: {b: String}, data: {d: 'own d', deep: {own: 1}},
                  lifetimes: lives('own'),
                  methods: {hello() { seen('own hello'); this.shared(); this.first() }},
                }""",
                before="""
                const first = Behavior({
                  properties: {a: String}, data: {c: 'first c', d: 'first d', deep: {first: 2}},
                  lifetimes: lives('first'),
                  methods: {
                    hello() { seen('first hello') }, shared() { seen('first shared') }, first() { seen('first') },
                  },
                })
                const second = Behavior({
                  behaviors: [first], data: {c: 'second c', d: 'second d', deep: {second: 3}},
                  lifetimes: lives('second'),
                  methods: {shared() { seen('second shared') }},
                })""",
            )
        },
        steps=(tap("x"),),
    ),
    Case(
        "behaviors with observers and a definition filter",
        '<p n="{{n}}"/>',
        "{data: {n: 1}}",
        {
            "p": Part(
                "<view>{{n}} {{added}}</view>",
                "{behaviors: [b], properties: {n: Number}, observers: {n(n) { seen('own', n) }}, extra: 'yes'}",
                before="""
                const b = Behavior({
                  observers: {n(n) { seen('behavior', n) }},
                  definitionFilter(fields) { fields.data = {...fields.data, added: fields.extra} },
                })""",
            )
        },
        steps=(put(n=2),),
    ),
    Case(
        "data of setData callbacks",
        '<view id="go" bindtap="go">{{n}}</view>',
        """{data: {n: 0}, methods: {go() {
          this.setData({n: 1}, () => { seen('callback', this.data.n); this.setData({n: 2}) })
          seen('after', this.data.n)
        }}}""",
        steps=(tap("go"),),
    ),
)
