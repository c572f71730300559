Page({
  data: { name: 'world', n: 0 },
  count() {
    this.setData({ n: this.data.n + 1 });
  },
});
