"""Templates without components: expressions, conditions, loops, keys, templates, imports, classes, styles, wxs."""

from tests.conformance.case import Case, assign, put, tap

CASES = (
    Case(
        "expressions",
        """
        <view>{{a + b}} {{a - b * 2}} {{a / b}} {{a % b}} {{-a}} {{!a}}</view>
        <view>{{a > b ? 'more' : a === b ? 'same' : 'less'}} {{a && text}} {{no || text}}</view>
        <view>{{text + a}} {{text.length}} {{list.length}} {{list[1]}}</view>
        <view>{{obj.deep.x}} {{obj['deep'].x}} {{list[a - 1]}}</view>
        <view>{{[a, b, 3][1]}} {{(a + b) * 2}} {{a >= 1 && b <= 2}} {{a != b}} {{a == '1'}}</view>
        """,
        "{data: {a: 1, b: 2, no: false, text: 'hey', list: [4, 5], obj: {deep: {x: 'y'}}}}",
        steps=(put(a=2), put(text="", list=[]), assign({"obj.deep.x": 7, "list[1]": "n"})),
    ),
    Case(
        "values in text",
        "<view>a{{n}}b</view><view>{{t}}</view><view>{{f}}</view><view>x{{zero}}y</view><view>{{half}}</view>",
        "{data: {n: 1, t: true, f: false, zero: 0, half: 0.5}}",
        steps=(put(n=-3, t="true", f="", zero="", half=1e21),),
    ),
    Case(
        "objects and lists in a text",
        "<view>{{obj}}</view><view>a{{list}}b</view>",
        "{data: {obj: {a: 1}, list: [1, [2, 3]]}}",
    ),
    Case(
        "members of what is missing",
        '<view>[{{a.b.c}}]</view><view>[{{list[5].x}}]</view><view wx:if="{{a.b.c}}">yes</view><view wx:else>no</view>',
        "{data: {list: []}}",
        steps=(assign({"a.b.c": "now"}), assign({"list[5]": {"x": 1}})),
    ),
    Case(
        "conditions",
        """
        <view wx:if="{{n > 2}}">many</view><view wx:elif="{{n === 2}}">two</view><view wx:elif="{{n}}">one</view>
        <view wx:else>none</view>
        <block wx:if="{{n}}"><text>a</text><text>b</text></block>
        """,
        "{data: {n: 0}}",
        steps=(put(n=1), put(n=2), put(n=3), put(n=0)),
    ),
    Case(
        "what counts as true",
        '<view wx:if="{{a}}">a</view><view wx:if="{{b}}">b</view><view wx:if="{{c}}">c</view>'
        '<view wx:if="{{d}}">d</view>',
        "{data: {a: '', b: 'false', c: [], d: 0}}",
        steps=(put(a="0", b="", c=None, d=-1), put(a={}, b=False, c=[0], d=0)),
    ),
    Case(
        "conditions within conditions",
        """
        <view wx:if="{{a}}"><text wx:if="{{b}}">a and b</text><text wx:else>only a</text></view>
        <block wx:else><block wx:if="{{b}}"><text>only b</text></block><block wx:else>neither</block></block>
        """,
        "{data: {a: false, b: false}}",
        steps=(put(a=True), put(b=True), put(a=False), put(b=False)),
    ),
    Case(
        "a loop over a list",
        '<view wx:for="{{list}}" wx:key="id" id="row-{{item.id}}">{{index}} {{item.name}}</view>',
        "{data: {list: [{id: 1, name: 'a'}, {id: 2, name: 'b'}]}}",
        steps=(
            assign({"list[1].name": "B"}),
            put(list=[{"id": 2, "name": "b"}, {"id": 3, "name": "c"}, {"id": 1, "name": "a"}]),
            put(list=[]),
            put(list=[{"id": 5, "name": "e"}]),
        ),
    ),
    Case(
        "a loop over a number, a text, an object and what is no list",
        """
        <view wx:for="{{n}}" wx:key="*this">{{index}}-{{item}}</view>
        <view wx:for="{{text}}" wx:key="*this">{{index}}-{{item}}</view>
        <view wx:for="{{obj}}" wx:key="*this">{{index}}-{{item}}</view>
        <view wx:for="{{none}}" wx:key="*this">{{index}}-{{item}}</view>
        """,
        "{data: {n: 3, text: 'abc', obj: {x: 1, y: 2}, none: null}}",
        steps=(put(n=0, text="", obj={}, none=[1]), put(n=1, text="é", obj={"z": 3}, none=None)),
    ),
    Case(
        "loops within loops, with names",
        """
        <view wx:for="{{rows}}" wx:for-item="row" wx:for-index="y">
          <text wx:for="{{row}}" wx:for-item="cell" wx:for-index="x" wx:key="*this">{{y}}.{{x}}={{cell}}{{mark}}</text>
        </view>
        """,
        "{data: {rows: [[1, 2], [3]], mark: '!'}}",
        steps=(put(mark="?"), assign({"rows[1]": [4, 5]}), put(rows=[[9]])),
    ),
    Case(
        "a loop's variable hides one of the data",
        '<view wx:for="{{list}}" wx:key="*this">{{item}} {{index}}</view><view>{{item}} {{index}}</view>',
        "{data: {list: ['a'], item: 'mine', index: 'too'}}",
        steps=(put(item="changed", list=["b", "c"]),),
    ),
    Case(
        "a loop and a condition on one element",
        '<view wx:for="{{list}}" wx:key="*this" wx:if="{{item % 2}}">{{item}}</view>',
        "{data: {list: [1, 2, 3]}}",
        steps=(put(list=[2, 3, 4, 5]),),
    ),
    Case(
        "keys keep rows through every order",
        '<view wx:for="{{list}}" wx:key="*this">{{item}}</view>',
        "{data: {list: ['a', 'b', 'c', 'd']}}",
        steps=(put(list=["d", "a", "b", "c"]), put(list=["b", "x", "d"]), put(list=["c", "d", "x", "a", "b"])),
    ),
    Case(
        "a key that occurs twice",
        '<view wx:for="{{list}}" wx:key="k">{{item.v}}</view>',
        "{data: {list: [{k: 1, v: 'a'}, {k: 1, v: 'b'}, {k: 2, v: 'c'}]}}",
        steps=(put(list=[{"k": 2, "v": "c"}, {"k": 1, "v": "b"}]), put(list=[{"k": 1, "v": "z"}, {"k": 1, "v": "y"}])),
        warns="two items have the same key",
    ),
    Case(
        "a list without a key",
        '<view wx:for="{{list}}">{{item}}</view>',
        "{data: {list: [1, 2, 3]}}",
        steps=(put(list=[3, 1]), put(list=[7, 8, 9, 10])),
    ),
    Case(
        "a loop on a block",
        '<block wx:for="{{list}}" wx:key="*this"><text>{{item}}</text><view wx:if="{{item == 2}}">two</view></block>',
        "{data: {list: [1, 2]}}",
        steps=(put(list=[2, 3, 1]),),
    ),
    Case(
        "a template with data",
        """
        <template name="person"><view class="p">{{name}} {{age}} {{outside}}</view></template>
        <template is="person" data="{{name: who, age: 3}}"/>
        <template is="person" data="{{...other}}"/>
        <template is="person" data="{{...other, age}}"/>
        """,
        "{data: {who: 'Ann', other: {name: 'Bob', age: 4}, age: 9, outside: 'not seen'}}",
        steps=(put(who="Eve"), assign({"other.name": "Bo", "age": 10})),
    ),
    Case(
        "a template chosen by an expression",
        """
        <template name="odd"><text>odd {{n}}</text></template>
        <template name="even"><view>even {{n}}</view></template>
        <template wx:for="{{list}}" wx:key="*this" is="{{item % 2 ? 'odd' : 'even'}}" data="{{n: item}}"/>
        """,
        "{data: {list: [1, 2, 3]}}",
        steps=(put(list=[2, 3]),),
    ),
    Case(
        "templates within templates",
        """
        <template name="leaf"><text>{{text}}</text></template>
        <template name="branch">
          <view><template is="leaf" data="{{text: a}}"/><template is="leaf" data="{{text: b}}"/></view>
        </template>
        <template is="branch" data="{{a: x, b: 'fixed'}}"/>
        """,
        "{data: {x: 1}}",
        steps=(put(x=2),),
    ),
    Case(
        "imported templates and included files",
        """
        <import src="../../parts/item.wxml"/>
        <include src="../../parts/head.wxml"/>
        <template is="item" data="{{text: name}}"/>
        <include src="../../parts/foot.wxml"/>
        """,
        "{data: {name: 'n'}}",
        files={
            "parts/item.wxml": '<template name="item"><view class="item">{{text}}</view></template>',
            "parts/head.wxml": "<view>head of {{name}}</view>",
            "parts/foot.wxml": '<view wx:if="{{name}}">foot</view>',
        },
        steps=(put(name="m"), put(name="")),
    ),
    Case(
        "classes and styles",
        """
        <view class="a {{on ? 'on' : 'off'}} b" style="color: {{colour}}; width: {{w}}px">x</view>
        <view class="{{names}}" style="{{style}}">y</view>
        """,
        "{data: {on: true, colour: 'red', w: 10, names: 'p q', style: 'height: 1px'}}",
        steps=(put(on=False, w=20), put(names="", style=""), put(names="q", style="top:0;left:0")),
    ),
    Case(
        "attributes of built-in components",
        """
        <input value="{{text}}" maxlength="{{n}}" disabled="{{off}}" placeholder="p"/>
        <scroll-view scroll-y scroll-top="{{n}}"><view>in</view></scroll-view>
        <image src="/a.png" mode="aspectFit"/><slider min="1" max="{{n}}" value="{{n}}"/>
        <swiper autoplay="{{off}}"><swiper-item>one</swiper-item></swiper>
        """,
        "{data: {text: 't', n: 5, off: false}}",
        steps=(put(text="u", n=6, off=True),),
    ),
    Case(
        "hidden",
        '<view hidden>a</view><view hidden="{{h}}">b</view><view hidden="{{!h}}">c</view>',
        "{data: {h: true}}",
        steps=(put(h=False),),
    ),
    Case(
        "wxs in the template",
        """
        <wxs module="m">
          var twice = function (n) { return n * 2 }
          module.exports = { twice: twice, name: 'em', list: [1, 2], join: function (a) { return a.join('-') } }
        </wxs>
        <view class="{{m.name}}">{{m.twice(n)}} {{m.name}} {{m.list[1]}} {{m.join(list)}} {{m.twice(m.twice(n))}}</view>
        <view wx:for="{{m.list}}" wx:key="*this">{{m.twice(item)}}</view>
        """,
        "{data: {n: 2, list: ['a', 'b']}}",
        steps=(put(n=5), put(list=[])),
    ),
    Case(
        "wxs files that require each other",
        """
        <wxs src="../../parts/outer.wxs" module="outer"/>
        <view wx:if="{{outer.big(n)}}">big {{outer.text(n)}}</view><view wx:else>small {{outer.text(n)}}</view>
        """,
        "{data: {n: 1}}",
        files={
            "parts/outer.wxs": "var inner = require('./inner.wxs')\n"
            "module.exports = { big: function (n) { return n > inner.limit },"
            " text: function (n) { return inner.wrap(n) } }",
            "parts/inner.wxs": "module.exports.limit = 3\nmodule.exports.wrap = function (n) { return '<' + n + '>' }",
        },
        steps=(put(n=4),),
    ),
    Case(
        "what wxs is given and gives back",
        """
        <wxs module="m">
          module.exports = {
            kind: function (value) {
              if (value === null) return 'null'
              if (value === undefined) return 'undefined'
              return value.constructor + ' ' + typeof value
            },
            nothing: function () {}, object: function () { return {a: [1, {b: 2}]} },
            date: function (t) { return getDate(t).getTime() },
            matches: function (t) { return getRegExp('^a', 'i').test(t) }
          }
        </wxs>
        <view>{{m.kind(a)}}|{{m.kind(b)}}|{{m.kind(c)}}|{{m.kind(d)}}|{{m.kind(e)}}</view>
        <view>[{{m.nothing()}}] {{m.object().a[1].b}} {{m.date(5)}} {{m.matches('Abc')}} {{m.matches('x')}}</view>
        <view wx:for="{{m.object().a}}">{{index}}</view>
        """,
        "{data: {a: 1, b: 'x', c: [1], d: {}, e: true}}",
        steps=(put(a=None),),
    ),
    Case(
        "wxs in a template with data and in a loop",
        """
        <wxs module="m">module.exports = { label: function (item, i) { return i + ':' + item.name } }</wxs>
        <template name="row"><text>{{m.label(item, index)}}{{extra}}</text></template>
        <view wx:for="{{list}}" wx:key="name">{{m.label(item, index)}}
          <template is="row" data="{{item, index, extra}}"/></view>
        """,
        "{data: {list: [{name: 'a'}], extra: '!'}}",
        steps=(put(list=[{"name": "b"}, {"name": "a"}]),),
    ),
    Case(
        "keys of setData",
        "<view>{{a.b[0].c}} {{a.b[1].c}} {{list[2]}} {{deep.x.y.z}}</view>",
        "{data: {a: {b: [{c: 1}]}, list: [], deep: {}}}",
        steps=(
            assign({"a.b[0].c": 2}),
            assign({"a.b[1]": {"c": 3}, "list[2]": "third"}),
            assign({"deep.x.y.z": "made"}),
            assign({"a": {"b": [{"c": "whole"}]}, "a.b[1].c": "after"}),
        ),
    ),
    Case(
        "keys of setData that lead through what is no object",
        "<view>{{a.b}}</view>",
        "{data: {a: 1}}",
        steps=(assign({"a.b": 2}),),
    ),
    Case(
        "what events tell",
        """
        <view id="outer" data-name="o" data-count="{{n}}" bindtap="outer">
          <view id="inner" data-some-thing="x" dataOther="y" data-upperCase="u" bindtap="inner">{{n}}</view>
        </view>
        """,
        """{data: {n: 0}, methods: {
          outer(e) { heard('outer', e); this.setData({n: this.data.n + 1}) },
          inner(e) { heard('inner', e) },
        }}""",
        steps=(tap("outer"), tap("inner")),
    ),
)
