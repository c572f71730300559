"""A small program for the tools to look at, as its source, and a server that it asks."""

import json
from pathlib import Path

from aiohttp import WSMsgType, web

APP_ID = "com.example.shop"
UNDECLARED = "https://elsewhere.example/prices"

_INDEX_JS = """\
const app = getApp();

Page({
  data: { items: [], shown: 0 },

  onLoad() {
    this.setData({ items: app.items });
  },

  onAdd() {
    const items = [...this.data.items, { name: 'milk', count: 1 }];
    this.setData({ items });
    wx.setStorageSync('items', items);
    console.log('added', { name: 'milk', tags: ['white', 'cold'], price: { amount: 1.29, currency: 'EUR' } });
  },

  onRead() {
    this.setData({ shown: (wx.getStorageSync('items') || []).length });
  },

  onFlood() {
    this.setData({ 'shadow.text': 'x'.repeat(90 * 1024) });
  },

  onFail() {
    this.totals(undefined);
  },

  totals(prices) {
    return prices.milk;
  },

  onFetch() {
    const url = app.server + '/prices?of=milk';
    wx.request({ url, header: { 'X-Shop': 'north' }, success: ({ data }) => console.info(data) });
  },

  onElsewhere() {
    wx.request({ url: 'UNDECLARED', fail: ({ errMsg }) => console.warn(errMsg) });
  },

  onSocket() {
    const socket = wx.connectSocket({ url: app.server.replace('http', 'ws') + '/feed' });
    socket.onOpen(() => socket.send({ data: 'any news?' }));
  },

  onDetail() {
    wx.navigateTo({ url: '/pages/detail/detail?id=3&of=a b' });
  },

  onVoiceIntent({ slots }) {
    return 'Added ' + slots.item + '.';
  },
});
"""

_INDEX_WXML = """\
<view class="page">
  <view class="title">Shopping</view>
  <view class="buttons">
    <button class="add" bindtap="onAdd">Add</button>
    <button class="read" bindtap="onRead">Read</button>
    <button class="flood" bindtap="onFlood">Flood</button>
    <button class="fail" bindtap="onFail">Fail</button>
    <button class="fetch" bindtap="onFetch">Fetch</button>
    <button class="elsewhere" bindtap="onElsewhere">Elsewhere</button>
    <button class="socket" bindtap="onSocket">Socket</button>
    <button class="detail" bindtap="onDetail">Detail</button>
  </view>
  <view class="shown">{{shown}} stored</view>
  <view wx:for="{{items}}" class="item">{{item.name}} <text class="count">{{item.count}}</text></view>
</view>
"""

_INDEX_WXSS = """\
.page { display: flex; flex-direction: column; gap: 24rpx; padding: 40rpx 48rpx; font-size: 34rpx; }
.title { font-size: 60rpx; font-weight: 250; }
.buttons { display: flex; flex-wrap: wrap; gap: 16rpx; }
.buttons button { width: auto; margin: 0; padding: 12rpx 32rpx; border-radius: 99rpx; font-size: 30rpx; }
.buttons button { background: #5b6cff; color: #ffffff; }
.item { display: flex; justify-content: space-between; padding: 18rpx 28rpx; border-radius: 20rpx; }
.item { background: #eef1f8; }
@media (prefers-color-scheme: dark) { page { background: #12151c; color: #e8ebf2; } .item { background: #222838; } }
"""

_SHELF_JS = """\
Component({
  properties: { title: String },
  data: { sold: 0, note: '' },
  observers: {
    sold(sold) {
      if (sold > 1) console.log('sold', sold);
    },
  },
  methods: {
    onSell() {
      this.setData({ sold: this.data.sold + 1, note: 'gone' });
    },
  },
});
"""

_SHELF_WXML = """\
<view class="shelf">
  <text class="title">{{title}}</text>
  <button class="sell" bindtap="onSell">Sell</button>
  <slot/>
</view>
"""

_PRICE_JS = "Component({ options: { virtualHost: true }, properties: { amount: Number } });\n"


def _component(name: str, script: str, template: str) -> dict[str, str]:
    path = f"components/{name}/{name}"
    return {f"{path}.js": script, f"{path}.wxml": template, f"{path}.json": '{"component": true}'}


FILES = {
    "app.json": json.dumps(
        {
            "pages": ["pages/index/index", "pages/detail/detail", "pages/shelf/shelf"],
            "window": {"navigationBarTitleText": "Shop", "navigationBarBackgroundColor": "#10141c"},
        }
    ),
    "project.config.json": json.dumps({"appid": APP_ID, "projectname": "Shop"}),
    "app.js": "App({ items: [{ name: 'bread', count: 2 }], server: 'SERVER' });\n",
    "app.wxss": "page { background: #ffffff; color: #1c2230; }\n",
    "pages/index/index.js": _INDEX_JS,
    "pages/index/index.json": "{}",
    "pages/index/index.wxml": _INDEX_WXML,
    "pages/index/index.wxss": _INDEX_WXSS,
    "pages/detail/detail.js": (
        "Page({\n  data: { id: '', of: '' },\n"
        "  onLoad(query) {\n    this.setData({ id: query.id, of: query.of });\n  },\n});\n"
    ),
    "pages/detail/detail.json": '{ "navigationBarTitleText": "Detail" }',
    "pages/detail/detail.wxml": '<view class="page">\n  <view class="which">{{id}} of {{of}}</view>\n</view>\n',
    "pages/detail/detail.wxss": ".page { padding: 48rpx; font-size: 40rpx; }\n",
    "pages/shelf/shelf.js": "Page({ data: { title: 'Dairy', amount: 1.29 } });\n",
    "pages/shelf/shelf.json": json.dumps(
        {"usingComponents": {"shelf": "/components/shelf/shelf", "price": "/components/price/price"}}
    ),
    "pages/shelf/shelf.wxml": '<shelf title="{{title}}">\n  <price amount="{{amount}}"/>\n</shelf>\n',
    **_component("shelf", _SHELF_JS, _SHELF_WXML),
    **_component("price", _PRICE_JS, '<text class="amount">{{amount}}</text> <text>each</text>\n'),
}


def cygnet_json(server: str) -> str:
    return json.dumps(
        {
            "app_id": APP_ID,
            "name": "Shop",
            "permissions": [{"name": "request", "reason": "Asks for today's prices"}],
            "network": {"request": [server], "socket": [server.replace("http", "ws")]},
            "voice": {
                "slots": {"item": ["milk", "bread"]},
                "intents": [{"name": "add", "phrases": ["we need {item}"]}],
            },
        },
        indent=2,
    )


def write_shop(folder: Path, server: str = "http://127.0.0.1:9") -> None:
    """Write the source into ``folder``; the program asks ``server``."""
    for name, text in {**FILES, "cygnet.json": cygnet_json(server)}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("SERVER", server).replace("UNDECLARED", UNDECLARED), encoding="utf-8")


async def serve_prices() -> tuple[web.AppRunner, str]:
    """The shop's server: prices as JSON, and a feed over a WebSocket that answers once."""

    async def prices(request: web.Request) -> web.Response:
        return web.json_response({"of": request.query["of"], "prices": [1.29, 1.49]}, headers={"X-Answer": "yes"})

    async def feed(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await socket.send_str(f"no news after {message.data!r}")
        return socket

    application = web.Application()
    application.router.add_get("/prices", prices)
    application.router.add_get("/feed", feed)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"
