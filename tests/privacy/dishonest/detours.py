"""Tricks with files, sockets, what a program keeps, and what the device itself tells."""

from tests.privacy.dishonest.cases import ASK, FORM, SEEN, Case

DETOURS: tuple[Case, ...] = (
    # -- files ----------------------------------------------------------------------------------------------------
    Case(
        "upload",
        "writes it into a file and uploads that",
        "a file is no longer than its field says, or has no item",
        "const path = wx.env.USER_DATA_PATH + '/a.txt'; wx.getFileSystemManager().writeFileSync(path, secret);\n"
        "await attempt(() => call('uploadFile', { url: ORIGIN + '/v1/form', filePath: path, name: 'file' }));",
        plan=ASK,
    ),
    Case(
        "file name",
        "names an uploaded file after it, with a content type to match",
        "a file's name stays here unless the plan has it",
        "const path = wx.env.USER_DATA_PATH + '/' + secret + '.png'; "
        "wx.getFileSystemManager().writeFileSync(path, 'x');\n"
        "await attempt(() => call('uploadFile', { url: ORIGIN + '/v1/form', filePath: path, name: 'file' }));",
        plan=ASK,
        silent=False,
        shows=("ledger",),
    ),
    Case(
        "name of a part",
        "names the part of a form after it",
        FORM,
        "const path = wx.env.USER_DATA_PATH + '/a'; wx.getFileSystemManager().writeFileSync(path, 'x');\n"
        "await attempt(() => call('uploadFile', { url: ORIGIN + '/v1/form', filePath: path, name: secret }));\n"
        "await attempt(() => call('uploadFile', { url: ORIGIN + '/v1/form', filePath: path, name: 'file', "
        "formData: { [secret]: 1 } }));",
        plan=ASK,
    ),
    # -- sockets --------------------------------------------------------------------------------------------------
    Case(
        "subprotocol",
        "asks for it as a subprotocol",
        FORM,
        "const s = wx.connectSocket({ url: SOCKET + '/talk', protocols: [secret] }); "
        "failed(await new Promise((r) => s.onError(r)));",
        plan=("memo", "talk"),
    ),
    Case(
        "message",
        "sends it over a socket",
        FORM,
        "const s = wx.connectSocket({ url: SOCKET + '/talk' }); await new Promise((r) => s.onOpen(r));\n"
        "for (const data of [secret, JSON.stringify({ word: secret }), new Uint8Array([...secret].map((c) => "
        "c.charCodeAt(0))).buffer])\n"
        "  await attempt(() => new Promise((ok, no) => s.send({ data, success: ok, fail: no })));\n"
        "const closed = new Promise((r) => s.onClose(r)); s.close({}); await closed;",
        plan=("memo", "talk"),
        silent=False,
    ),
    Case(
        "closing word",
        "closes a socket with it as the reason, and with a code of its own",
        "the socket is closed without a word where the plan has none",
        "const s = wx.connectSocket({ url: SOCKET + '/talk' }); await new Promise((r) => s.onOpen(r));\n"
        "const closed = new Promise((r) => s.onClose(r)); s.close({ code: 3000 + secret.charCodeAt(0), reason: "
        "secret }); await closed;",
        plan=("memo", "talk"),
        silent=False,
        shows=("ledger", "operator"),
    ),
    # -- by another way -------------------------------------------------------------------------------------------
    Case(
        "storage",
        "stores it, and sends it in a later run",
        "a label stays with what a program keeps",
        "wx.setStorageSync('heard', secret);",
        again="await request('/v1/words?q=' + wx.getStorageSync('heard'));",
        plan=("memo", "words"),
    ),
    Case(
        "kept file",
        "keeps it in a file, and sends it in a later run",
        "a label stays with what a program keeps",
        "wx.getFileSystemManager().writeFileSync(wx.env.USER_DATA_PATH + '/a', secret);",
        again="await request('/v1/words?q=' + wx.getFileSystemManager().readFileSync(wx.env.USER_DATA_PATH + "
        "'/a', 'utf8'));",
        plan=("memo", "words"),
    ),
    Case(
        "own clipboard",
        "puts it on the clipboard, and sends it in a later run",
        "the clipboard has the labels of who wrote it",
        "await call('setClipboardData', { data: secret });",
        again="await request('/v1/words?q=' + (await call('getClipboardData', {})).data);",
        plan=("memo", "words"),
    ),
    Case(
        "preloaded picture",
        "lets a page fetch a picture whose address holds it",
        "what pages show is fetched by the same gate",
        "wx.preloadAssets({ data: [{ type: 'image', src: ORIGIN + '/v1/words?q=' + secret }] });\n"
        "await attempt(() => call('getImageInfo', { src: ORIGIN + '/v1/words?q=' + secret }));",
        plan=("memo", "words"),
    ),
    Case(
        "font",
        "loads a font whose address holds it",
        "what pages show is fetched by the same gate",
        "await attempt(() => call('loadFontFace', { family: 'f', source: "
        '`url("${ORIGIN}/v1/words?q=${secret}")` }));',
        plan=("memo", "words"),
    ),
    Case(
        "download",
        "downloads a file whose address holds it",
        SEEN,
        "await attempt(() => call('downloadFile', { url: ORIGIN + '/v1/words?q=' + secret }));",
        plan=("memo", "words"),
    ),
    # -- what the device itself tells -----------------------------------------------------------------------------
    Case(
        "console",
        "writes it to the console as an error",
        "a program's own words stay on the device",
        "console.error(secret);",
        outcome="detected",
        shows=("operator", "budget"),
        silent=False,
    ),
    Case(
        "exception",
        "throws it",
        "a program's own words stay on the device",
        "setTimeout(() => { throw new Error(secret) }, 0); await new Promise((r) => setTimeout(r, 20));",
        outcome="detected",
        shows=("operator", "budget"),
        silent=False,
    ),
    Case(
        "flood of errors",
        "makes errors, as many as a letter says",
        "each error that is told counts as a bit",
        "for (let i = 0; i < 400; i++) console.error('x');",
        outcome="detected",
        shows=("operator", "budget"),
        silent=False,
    ),
    Case(
        "health",
        "says it as the reason why it is not well",
        "the reason is left out, and only that it is not well is told",
        "await attempt(() => call('reportHealth', { ok: false, reason: secret }));",
        plan=("memo", "health"),
        shows=("ledger", "operator"),
    ),
    Case(
        "name of a missing file",
        "reads a file of that name, so that an error names it",
        "errors go to the program only",
        "try { wx.getFileSystemManager().readFileSync('wxfile://usr/' + secret) } catch (error) { failed(error) }",
        shows=("program",),
    ),
    Case(
        "clipboard in Morse",
        "writes and reads the clipboard in a pattern, of which the device tells its fleet",
        "each use that is told counts as two bits",
        "for (let i = 0; i < 300; i++) await call(secret.charCodeAt(i % 16) >> i % 8 & 1 ? 'setClipboardData' : "
        "'getClipboardData', { data: 'x' });",
        outcome="detected",
        shows=("operator", "budget"),
        silent=False,
    ),
    Case(
        "flood of refusals",
        "is refused in a pattern, of which the device tells its fleet",
        "each count that is told is a power of two, and counts as bits",
        "for (let i = 0; i < 500; i++) wx.reportEvent(secret.charCodeAt(i % 16) & 1 ? 'clicks' : 'note', { x: i });",
        outcome="detected",
        shows=("ledger", "operator", "budget"),
        plan=("memo", "note", "clicks"),
        silent=False,
    ),
    # -- what remains ---------------------------------------------------------------------------------------------
    Case(
        "timing",
        "sends allowed events at moments that say something",
        "each event counts, so these are few; the moments of those few are not hidden",
        "for (const letter of secret.slice(0, 4)) { await new Promise((r) => setTimeout(r, letter.charCodeAt(0) "
        "% 8)); wx.reportEvent('clicks', { button: 'a' }); }",
        outcome="not covered",
        shows=("ledger", "budget"),
        plan=("memo", "clicks"),
        silent=False,
    ),
    Case(
        "an item that may tell",
        "sends it under an item that says that it may tell of it, and to which a person agreed",
        "a person has read that and agreed: it leaves, and the ledger says how much",
        "wx.reportEvent('told', { text: secret });",
        outcome="not covered",
        shows=("ledger",),
        plan=("memo", "told"),
        silent=False,
    ),
)
