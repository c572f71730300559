"""Lifetimes in their order, relations, selecting components, and generics."""

from tests.conformance.case import Case, Part, assign, put, tap

CASES = (
    Case(
        "lifetimes of a page and its components",
        "<outer><inner name='light'/></outer><inner name='second'/>",
        "{lifetimes: lives('page')}",
        {
            "outer": Part("<inner name='shadow'/><slot/>", "{lifetimes: lives('outer')}", ("inner",)),
            "inner": Part(
                "<view>{{name}}</view>",
                "{properties: {name: String}, lifetimes: lives('inner', {attached() { seen('name', this.data.name) },"
                " detached() { seen('name', this.data.name) }})}",
            ),
        },
    ),
    Case(
        "lifetimes in a list",
        "<item wx:for='{{list}}' wx:key='*this' name='{{item}}'/>",
        "{data: {list: ['a', 'b', 'c']}}",
        {
            "item": Part(
                "<view>{{name}}</view>",
                "{properties: {name: String}, attached() { seen('attached', this.data.name) },"
                " moved() { seen('moved', this.data.name) }, detached() { seen('detached', this.data.name) }}",
            ),
        },
        steps=(put(list=["a", "c"]), put(list=["x", "a", "c"]), put(list=["x", "a"]), put(list=["a"]), put(list=[])),
    ),
    Case(
        "setData before and while attached",
        "<p/>",
        parts={
            "p": Part(
                "<view>{{a}} {{b}} {{c}}</view>",
                "{data: {a: 0, b: 0, c: 0}, observers: {a(a) { seen('a', a) }, b(b) { seen('b', b) }},"
                " lifetimes: {created() { this.made = 1 }, attached() { this.setData({a: this.made}) },"
                " ready() { this.setData({b: 2, c: 3}) }}}",
            )
        },
    ),
    Case(
        "properties are there when a component is attached",
        "<p n='{{n}}'/>",
        "{data: {n: 5}}",
        {
            "p": Part(
                "<view>{{n}} {{copy}}</view>",
                "{properties: {n: Number}, data: {copy: 0}, lifetimes: {attached() { seen(this.data.n,"
                " this.properties.n);"
                " this.setData({copy: this.data.n * 2}) }}}",
            )
        },
    ),
    Case(
        "lifetimes beside the object of lifetimes",
        "<p/>",
        parts={
            "p": Part(
                "x",
                "{created() { seen('old created') }, attached() { seen('old attached') }, ready() {"
                " seen('old ready') },"
                " lifetimes: {attached() { seen('new attached') }}}",
            )
        },
    ),
    Case(
        "relations between a parent and its children",
        "<list id='l'><item wx:for='{{list}}' wx:key='*this' name='{{item}}'/></list>",
        "{data: {list: ['a', 'b']}}",
        {
            "list": Part(
                "<view id='count' bindtap='count'>{{n}}</view><slot/>",
                """{data: {n: 0}, relations: {'../item/item': {type: 'child',
                  linked(t) { seen('list linked', t.data.name) }, unlinked(t) { seen('list unlinked', t.data.name) }}},
                  methods: {count() {
                    const nodes = this.getRelationNodes('../item/item')
                    this.setData({n: nodes.map((one) => one.data.name).join()})
                  }}}""",
            ),
            "item": Part(
                "<view>{{name}}</view>",
                """{properties: {name: String}, relations: {'../list/list': {type: 'parent',
                  linked() { seen('item linked', this.data.name) },
                  unlinked() { seen('item unlinked', this.data.name) }}}}""",
            ),
        },
        steps=(
            tap("count"),
            put(list=["a", "b", "c"]),
            tap("count"),
            put(list=["c", "a"]),
            tap("count"),
            put(list=["c"]),
        ),
    ),
    Case(
        "relations across other elements",
        "<list><view><block wx:if='{{on}}'><box><item name='deep'/></box></block></view></list>",
        "{data: {on: true}}",
        {
            "list": Part(
                "<slot/>",
                "{relations: {'../item/item': {type: 'descendant', linked(t) { seen('linked', t.data.name) },"
                " unlinked() { seen('unlinked') }}}}",
            ),
            "box": Part("<view><slot/></view>"),
            "item": Part(
                "<view>{{name}}</view>",
                "{properties: {name: String}, relations: {'../list/list': {type: 'ancestor', linked(t) {"
                " seen('found', !!t) }}}}",
            ),
        },
        steps=(put(on=False), put(on=True)),
    ),
    Case(
        "selecting components",
        "<p id='one' class='p first' n='1'/><view><p class='p' n='2'/></view><view id='go' bindtap='go'/>",
        """{methods: {go() {
          const one = this.selectComponent('#one')
          seen(one.data.n, one.double())
          seen(this.selectAllComponents('.p').map((each) => each.data.n))
          one.setData({n: 9})
          seen(this.selectComponent('.p').data.n)
        }}}""",
        {"p": Part("<view>{{n}}</view>", "{properties: {n: Number}, methods: {double() { return this.data.n * 2 }}}")},
        steps=(tap("go"),),
    ),
    Case(
        "selecting within a component",
        "<outer/>",
        parts={
            "outer": Part(
                "<view class='wrap'><inner class='it' n='1'/></view><slot/>",
                "{lifetimes: {ready() { seen(this.selectComponent('.it').data.n);"
                " seen(this.selectComponent('.wrap .it').data.n) }}}",
                ("inner",),
            ),
            "inner": Part("<view>{{n}}</view>", "{properties: {n: Number}}"),
        },
    ),
    Case(
        "a component exports what it likes",
        "<p id='p'/><view id='go' bindtap='go'/>",
        "{methods: {go() { seen(this.selectComponent('#p')) }}}",
        {"p": Part("x", "{behaviors: ['wx://component-export'], export() { return {mine: 1} }}")},
        steps=(tap("go"),),
    ),
    Case(
        "the owner of a component",
        "<outer id='o'/>",
        parts={
            "outer": Part("<inner/>", "{data: {name: 'the outer'}}", ("inner",)),
            "inner": Part("x", "{lifetimes: {attached() { seen(this.selectOwnerComponent().data.name) }}}"),
        },
    ),
    Case(
        "the facts of an instance",
        "<p id='p' data-a='1' data-b-c='{{n}}'/>",
        "{data: {n: 2}}",
        {"p": Part("x", "{lifetimes: {attached() { seen(this.id, this.dataset) }}}")},
    ),
    Case(
        "methods call each other, and instances keep what they are given",
        "<p/>",
        parts={
            "p": Part(
                "<view id='i' bindtap='go'>{{total}}</view>",
                "{data: {total: 0}, lifetimes: {created() { this.count = 0 }},"
                " methods: {go() { this.add(2); this.add(3) }, add(n) { this.count += n;"
                " this.setData({total: this.count}) }}}",
            )
        },
        steps=(tap("i"), tap("i")),
    ),
    Case(
        "a list of components keeps their state by key",
        "<item wx:for='{{list}}' wx:key='id' name='{{item.id}}' text='{{item.t}}'/>",
        "{data: {list: [{id: 'a', t: 1}, {id: 'b', t: 2}, {id: 'c', t: 3}]}}",
        {
            "item": Part(
                "<view id='{{name}}' bindtap='more'>{{name}} {{text}} {{n}}</view>",
                "{properties: {name: String, text: Number}, data: {n: 0}, methods: {more() {"
                " this.setData({n: this.data.n + 1}) }}}",
            )
        },
        steps=(
            tap("b"),
            put(list=[{"id": "b", "t": 20}, {"id": "c", "t": 3}]),
            assign({"list[0].t": 21}),
            put(list=[{"id": "b", "t": 22}]),
        ),
    ),
    Case(
        "a component's children in its own list",
        "<group list='{{list}}'/>",
        "{data: {list: [1, 2]}}",
        {
            "group": Part(
                "<item wx:for='{{list}}' wx:key='*this' n='{{item}}' bind:pick='pick'/><text>{{picked}}</text>",
                "{properties: {list: Array}, data: {picked: ''}, methods: {pick(e) {"
                " this.setData({picked: e.detail}) }}}",
                ("item",),
            ),
            "item": Part(
                "<view id='i{{n}}' bindtap='tap'>{{n}}</view>",
                "{properties: {n: Number}, methods: {tap() { this.triggerEvent('pick', this.data.n) }}}",
            ),
        },
        steps=(tap("i2"), put(list=[2, 3]), tap("i3")),
    ),
)
