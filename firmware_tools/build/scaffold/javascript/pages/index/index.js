const app = getApp();

Page({
  data: { count: 0 },

  onLoad() {
    app.onCount = (count) => this.setData({ count });
    this.setData({ count: app.globalData.count });
  },

  onUnload() {
    app.onCount = null;
  },

  onAdd() {
    app.add(1);
  },
});
