// Runs on the audio thread: the microphone's samples as 16 kHz mono 16-bit PCM, 80 ms a block.

const TARGET_RATE = 16000;
const BLOCK = 1280;

class Pcm16 extends AudioWorkletProcessor {
  constructor() {
    super();
    this.block = new Int16Array(BLOCK);
    this.filled = 0;
    this.step = sampleRate / TARGET_RATE;
    this.position = 0;
    this.sum = 0;
    this.count = 0;
  }

  process([input]) {
    const channel = input[0];
    if (!channel) return true;
    // Averaging the samples of one output step is a low-pass that is good enough for speech.
    for (const sample of channel) {
      this.sum += sample;
      this.count += 1;
      this.position += 1;
      if (this.position >= this.step) {
        this.push(this.sum / this.count);
        this.position -= this.step;
        this.sum = 0;
        this.count = 0;
      }
    }
    return true;
  }

  push(sample) {
    this.block[this.filled] = Math.round(Math.max(-1, Math.min(1, sample)) * 32767);
    this.filled += 1;
    if (this.filled < BLOCK) return;
    let energy = 0;
    for (const value of this.block) energy += value * value;
    const samples = this.block.buffer;
    this.port.postMessage({ samples, level: Math.sqrt(energy / BLOCK) / 32768 }, [samples]);
    this.block = new Int16Array(BLOCK);
    this.filled = 0;
  }
}

registerProcessor("pcm16", Pcm16);
