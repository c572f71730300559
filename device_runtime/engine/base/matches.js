// RegExp.$1, RegExp.lastMatch and their kin, which the engine lacks and older libraries still read. To keep the last
// match costs each one a little, so it begins when the first file is loaded whose code names them.

let lastMatch = null;
let keepsMatches = false;

function keepMatches() {
  if (keepsMatches) return;
  keepsMatches = true;
  hidden(NativeRegExp.prototype, 'exec', function exec(text) {
    const found = regExpExec(this, text);
    if (found !== null) {
      const groups = [];
      for (let index = 0; index < found.length; index++) append(groups, found[index]);
      lastMatch = { groups, index: found.index, input: found.input };
    }
    return found;
  });
}

// One static member under its names; `read` gets the last match.
function matchMember(names, read) {
  const get = () => (lastMatch === null ? '' : read(lastMatch) || '');
  for (let index = 0; index < names.length; index++) {
    defineProperty(NativeRegExp, names[index], { __proto__: null, get, set() {}, enumerable: false, configurable: true });
  }
}

for (let group = 1; group < 10; group++) matchMember(['$' + group], ({ groups }) => groups[group]);
matchMember(['input', '$_'], ({ input }) => input);
matchMember(['lastMatch', '$&'], ({ groups }) => groups[0]);
matchMember(['lastParen', '$+'], ({ groups }) => (groups.length > 1 ? groups[groups.length - 1] : ''));
matchMember(['leftContext', '$`'], ({ input, index }) => slice(input, 0, index));
matchMember(['rightContext', "$'"], ({ groups, input, index }) => slice(input, index + groups[0].length));
