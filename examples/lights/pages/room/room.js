const house = require('../../model/house');

Page({
  data: { room: null, presets: [10, 25, 50, 75, 100] },

  onLoad({ id }) {
    const room = house.room(id);
    if (!room) {
      wx.navigateBack();
      return;
    }
    this.setData({ room });
    wx.setNavigationBarTitle({ title: room.name });
    this.stopListening = house.listen((changed) => {
      if (changed.includes(id)) this.setData({ room: house.room(id) });
    });
  },

  onUnload() {
    if (this.stopListening) this.stopListening();
  },

  onSwitch({ detail }) {
    house.turn(this.data.room.id, detail.value);
  },

  // While the finger moves only the picture follows; the lamp itself changes when it is lifted.
  onSliding({ detail }) {
    this.setData({ 'room.level': detail.value, 'room.on': true });
  },

  onSlide({ detail }) {
    house.dim(this.data.room.id, detail.value);
  },

  onPreset({ currentTarget }) {
    house.dim(this.data.room.id, currentTarget.dataset.level);
  },
});
