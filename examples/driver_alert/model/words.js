// What is true of the ears, in words: quiet is what is heard, and not that nothing can be heard.

const WORDS = {
  starting: ['One moment', () => 'The ears are being put on.'],
  waiting: ['Not listening yet', () => 'Touch “Let Driver alert listen” on the screen, and allow the microphone.'],
  refused: ['Cannot listen', () => 'The browser gives no microphone. Allow it there, then touch “Let Driver alert listen”.'],
  quiet: ['All quiet', ({ knows }) => `Listening for ${knows}`],
  paused: ['Paused', () => 'Nothing is heard. Touch to listen.'],
  failed: ['Not listening', ({ reason }) => reason],
};

// A title and a hint; none while there is an alert, which is shown instead.
function words(data) {
  const [title, hint] = WORDS[data.state] || ['', () => ''];
  return { title, hint: hint(data) };
}

module.exports = { words };
