const house = require('../../model/house');

function greeting(hour) {
  if (hour >= 5 && hour < 12) return 'Good morning';
  return hour >= 12 && hour < 18 ? 'Good afternoon' : 'Good evening';
}

function summary(rooms) {
  const lit = rooms.filter(({ on }) => on).length;
  if (!lit) return 'Everything is off';
  return lit === 1 ? '1 light is on' : `${lit} lights are on`;
}

Page({
  data: { greeting: '', summary: '', lit: false, scenes: house.SCENES, rooms: [] },

  onLoad() {
    const rooms = house.rooms();
    this.setData({ greeting: greeting(new Date().getHours()), rooms, ...this.heading(rooms) });
    this.stopListening = house.listen((changed) => this.showChanged(changed));
  },

  onUnload() {
    this.stopListening();
  },

  heading(rooms) {
    return { summary: summary(rooms), lit: rooms.some(({ on }) => on) };
  },

  // Only the rooms that changed are set, so only their nodes are touched.
  showChanged(changed) {
    const rooms = house.rooms();
    const update = this.heading(rooms);
    rooms.forEach((room, index) => {
      if (changed.includes(room.id)) update[`rooms[${index}]`] = room;
    });
    this.setData(update);
  },

  onSwitch({ currentTarget, detail }) {
    house.turn(currentTarget.dataset.id, detail.value);
  },

  onScene({ currentTarget }) {
    const scene = house.play(currentTarget.dataset.id);
    wx.showToast({ title: scene.name, icon: 'success' });
  },

  onAllOff() {
    house.turnAll(false);
  },

  onRoom({ currentTarget }) {
    wx.navigateTo({ url: `/pages/room/room?id=${currentTarget.dataset.id}` });
  },

  // The switch lies on a card that opens the room; a tap on the switch must not.
  onSwitchTap() {},
});
