// Sounds of programs: each plays until its end, or until the device ends it.

export class Sounds {
  constructor() {
    this.playing = new Map();
  }

  /** Begin a sound; an empty address ends it. */
  play(id, url) {
    this.end(id);
    if (!url) return;
    const player = new Audio(url);
    this.playing.set(id, player);
    player.onended = () => this.end(id);
    // A browser may refuse sound before the first touch.
    player.play().catch((error) => console.info(`a sound was not played: ${error.message}`));
  }

  end(id) {
    this.playing.get(id)?.pause();
    this.playing.delete(id);
  }

  /** The device is away: silence. */
  away() {
    for (const id of [...this.playing.keys()]) this.end(id);
  }
}
