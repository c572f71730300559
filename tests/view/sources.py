"""Templates that use all that updates have to keep in step: loops, conditions, templates, keys."""

_ROW = """
<view class="row {{item.on ? 'on' : ''}} {{flag}}" data-id="{{item.id}}">
  <text>{{index}}:{{item.v}}</text>
  <block wx:if="{{item.on}}"><text>on</text><text wx:if="{{flag}}">{{text}}</text></block>
  <text wx:elif="{{flag}}">flagged {{item.id}}</text>
  <view wx:for="{{item.kids}}" wx:for-item="kid" wx:for-index="k" wx:key="id" hint="{{obj.a}}">
    {{k}}{{kid.v}}{{item.v}}</view>
</view>
"""
TEMPLATES = {
    "keyed": f'<view><text>{{{{list.length}}}}</text><block wx:for="{{{{list}}}}" wx:key="id">{_ROW}</block></view>',
    "by position": f'<block wx:for="{{{{list}}}}">{_ROW}</block><text>{{{{text}}}}</text>',
    "several roots": """
      <text>before</text>
      <block wx:for="{{list}}" wx:key="id">
        <text>{{item.v}}</text><text wx:if="{{item.on}}">on</text><block wx:for="{{item.kids}}">{{item.v}},</block>
      </block>
      <text wx:if="{{flag}}">{{list[1].v}}</text><text wx:else>{{list[n].kids[0].v}}</text><text>after</text>
    """,
    "computed list": """
      <view wx:for="{{flag ? list : obj.a || []}}" wx:key="id">{{item.v}}{{item.on}}
        <text wx:for="{{item.kids}}" wx:key="id">{{item.v}}</text></view>
      <view wx:for="{{[text, n, obj.b]}}" value="{{item}}">{{item.c}}</view>
    """,
    "templates": """
      <template name="row"><view class="{{on}}">{{v}}{{extra}}
        <template wx:for="{{kids}}" wx:key="id" wx:for-item="kid"
          is="{{kid.on ? 'row' : 'leaf'}}" data="{{...kid, extra}}"/>
      </view></template>
      <template name="leaf"><text id="{{id}}">{{v}}-{{extra}}</text></template>
      <template name="all"><block wx:for="{{rows}}" wx:key="id">{{item.v}}<text wx:for="{{item.kids}}">{{item.v}}</text>
        </block></template>
      <template wx:for="{{list}}" wx:key="id" is="{{flag ? 'row' : text}}" data="{{...item, extra: n}}"/>
      <template is="all" data="{{rows: list}}"/>
      <template is="all" data="{{rows: flag ? list : obj.a}}"/>
      <template is="row" data="{{...obj, v: text}}"/>
    """,
    "objects and counts": """
      <view wx:for="{{obj}}" wx:for-index="name">{{name}}={{item.c}}{{item}}</view>
      <text wx:for="{{n}}">{{item}}{{flag}}</text><text wx:for="{{text}}">{{item}}</text>
      <map markers="{{list}}" value="{{obj.b}}" n="{{list[0].kids}}"/>
      <view wx:for="{{obj.b}}">
        <text wx:for="{{list}}" wx:for-item="row" wx:key="*this">{{index}}{{row.v}}{{item}}</text></view>
    """,
}
