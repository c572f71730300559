// The browser's microphone, streamed to the device after the owner has allowed it.

const REASONS = {
  NotAllowedError: "The browser was not allowed to use the microphone. Allow it in the address bar, or type instead.",
  NotFoundError: "This browser finds no microphone. Type instead.",
  NotReadableError: "Another program holds the microphone. Close it, or type instead.",
};
const CLOSING_SILENCE_SAMPLES = 16000;

export class Microphone {
  /**
   * @param {(samples: ArrayBuffer) => void} onSamples 16 kHz mono PCM16
   * @param {(level: number) => void} onLevel loudness from 0 to 1
   */
  constructor(onSamples, onLevel) {
    this.onSamples = onSamples;
    this.onLevel = onLevel;
    this.stream = null;
    this.context = null;
  }

  get on() {
    return this.stream !== null;
  }

  /** Begin to stream. Throws an Error whose message is for the owner. */
  async start() {
    if (this.on) return;
    if (!navigator.mediaDevices?.getUserMedia) {
      throw new Error("The browser gives the microphone only to https:// and localhost pages. Type instead.");
    }
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({
        audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
      });
      this.context = new AudioContext({ sampleRate: 16000 });
      await this.context.audioWorklet.addModule(new URL("./microphone-worklet.js", import.meta.url));
      const node = new AudioWorkletNode(this.context, "pcm16", { numberOfOutputs: 0 });
      const { context } = this;
      node.port.onmessage = ({ data }) => {
        if (context !== this.context) return; // a block that was on its way when the microphone was let go
        this.onLevel(data.level);
        this.onSamples(data.samples);
      };
      this.context.createMediaStreamSource(this.stream).connect(node);
      await this.context.resume();
    } catch (error) {
      this.release();
      throw new Error(REASONS[error.name] ?? `The microphone could not be opened: ${error.message}`);
    }
  }

  /** Stop; a second of silence lets the device find the end of what was said. */
  stop() {
    if (!this.on) return;
    this.release();
    this.onSamples(new Int16Array(CLOSING_SILENCE_SAMPLES).buffer);
    this.onLevel(0);
  }

  release() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.context?.close();
    this.stream = null;
    this.context = null;
  }
}
