// In the browser, before anything else: when the first patch came, when its rows were painted, and every frame.

window.benchmark = { patched: 0, painted: 0, frames: [], recording: false };

const rowsInFront = () =>
  document.querySelector('.program.shown .page-frame.front .page-host')?.shadowRoot.querySelectorAll('.row').length ?? 0;

function waitForPaint() {
  if (rowsInFront() === 0) {
    requestAnimationFrame(waitForPaint);
    return;
  }
  // A message that is posted in a frame is delivered after its picture was made.
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    benchmark.painted = performance.now();
  };
  port2.postMessage(null);
}

const PlainSocket = WebSocket;
window.WebSocket = class extends PlainSocket {
  constructor(...given) {
    super(...given);
    this.addEventListener('message', ({ data }) => {
      if (benchmark.patched || JSON.parse(data).type !== 'patch') return;
      benchmark.patched = performance.now();
      requestAnimationFrame(waitForPaint);
    });
  }
};

benchmark.rows = rowsInFront;
benchmark.record = () => {
  Object.assign(benchmark, { frames: [], recording: true });
  const frame = () => {
    benchmark.frames.push(performance.now());
    if (benchmark.recording) requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
};
benchmark.stop = () => {
  benchmark.recording = false;
  return benchmark.frames;
};
