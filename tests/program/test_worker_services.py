# ruff: noqa: E501 a line of JavaScript reads better whole
"""What programs do through the host, end to end: real workers, real files, a real server with WebSockets."""

import asyncio
import base64
import io
import json
import wave
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
import pytest_asyncio
from aiohttp import WSMsgType, web

from device_runtime.program.manifest import parse_manifest
from device_runtime.program.sessions import Sessions
from tests.program.running import Board, Program, Recorder, program
from tests.program.services import Services, wav

pytestmark = pytest.mark.asyncio(loop_scope="module")

PICTURE = bytes(range(256)) * 1200


@dataclass
class Server:
    """A server with a file, a form and a WebSocket that echoes."""

    origin: str = ""
    uploads: list[dict[str, object]] = field(default_factory=list)
    sockets: set[web.WebSocketResponse] = field(default_factory=set)
    headers: list[dict[str, str]] = field(default_factory=list)
    waiting: asyncio.Event = field(default_factory=asyncio.Event)

    async def picture(self, request: web.Request) -> web.Response:  # noqa: ARG002 a handler's shape
        return web.Response(body=PICTURE, content_type="image/png")

    async def stuck(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"x" * 10)
        self.waiting.set()
        await asyncio.sleep(60)
        return response

    async def large(self, request: web.Request) -> web.StreamResponse:  # noqa: ARG002 a handler's shape
        return web.StreamResponse(headers={"Content-Length": str(11 * 1024 * 1024)})

    async def upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        file = form["photo"]
        assert isinstance(file, web.FileField)
        self.uploads.append(
            {"note": form["note"], "name": file.filename, "data": file.file.read(), "length": request.content_length}
        )
        return web.Response(text="thank you", status=201)

    async def echo(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=["chat"], max_msg_size=0)
        self.headers.append(dict(request.headers))
        await socket.prepare(request)
        self.sockets.add(socket)
        async for message in socket:
            if message.type is WSMsgType.TEXT and message.data == "bye":
                await socket.close(code=4001, message=b"as you like")
            elif message.type is WSMsgType.TEXT and message.data == "huge":
                await socket.send_bytes(b"x" * (2 * 1024 * 1024))
            elif message.type is WSMsgType.TEXT:
                await socket.send_str(f"heard {message.data}")
            elif message.type is WSMsgType.BINARY:
                await socket.send_bytes(message.data[::-1])
        self.sockets.discard(socket)
        return socket

    async def stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"X-Kind": "stream", "Set-Cookie": "a=1"})
        await response.prepare(request)
        for word in ("one ", "two ", "three"):
            await response.write(word.encode())
            await response.drain()
            self.waiting.clear()
            await self.waiting.wait()
        return response

    async def next(self, request: web.Request) -> web.Response:  # noqa: ARG002 a handler's shape
        self.waiting.set()
        return web.Response(text="")

    async def away(self, request: web.Request) -> web.Response:  # noqa: ARG002 a handler's shape
        raise web.HTTPFound("/echo")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[Server]:
    server = Server()
    app = web.Application(client_max_size=2**24)
    app.add_routes(
        [
            web.get("/picture.png", server.picture),
            web.get("/stuck", server.stuck),
            web.get("/large", server.large),
            web.post("/upload", server.upload),
            web.get("/echo", server.echo),
            web.get("/away", server.away),
            web.get("/stream", server.stream),
            web.get("/next", server.next),
        ]
    )
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    server.origin = f"{host}:{port}"
    yield server
    await runner.cleanup()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Services]:
    services = Services(tmp_path_factory.mktemp("services"))
    yield services
    await services.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def board(services: Services) -> AsyncIterator[Board]:
    recorder = Recorder()
    sessions = Sessions(services.surroundings(recorder))
    await sessions.start()
    yield Board(sessions, recorder)
    await sessions.close()


def made(code: str, server: Server | None = None, *, permissions: tuple[str, ...] = ("request", "record")) -> Program:
    app = "global.say = (...values) => console.log(values.map((v) => typeof v === 'string' ? v : JSON.stringify(v)).join(' ')); App({})"
    source = program(
        {"pages/a/a": f"Page({{ async onLoad() {{ {code} }} }})"},
        files={"sound/bell.json": "[]"},
        app=app,
        permissions=permissions,
    )
    document = dict(source.manifest.document)
    if server is not None:
        document["cygnet"] = {"network": {"request": [f"http://{server.origin}"], "socket": [f"ws://{server.origin}"]}}
    entries = {**source.entries, "sound/bell.wav": wav(0.1), "sound/long.wav": wav(30.0), "sound/text.wav": b"no sound"}
    return Program(parse_manifest(json.dumps(document)), entries)


async def said(board: Board, source: Program, last: str = "end") -> list[str]:
    session = await board.run(source)
    await board.heard.until(lambda: last in board.heard.lines(session) or board.heard.errors(session))
    assert board.heard.errors(session) == []
    await board.sessions.stop(session.app_id)
    lines = board.heard.lines(session)
    return lines[: lines.index(last)]


async def lines(board: Board, code: str, server: Server | None = None) -> list[str]:
    return await said(board, made(f"{code}; say('end')", server))


# -- files ------------------------------------------------------------------------------------------------------


async def test_files_are_written_read_listed_and_removed(board: Board) -> None:
    code = """
      const fs = wx.getFileSystemManager(), root = wx.env.USER_DATA_PATH;
      fs.mkdirSync(root + '/a/b', true); fs.writeFileSync(root + '/a/b/x.txt', 'grün', 'utf8');
      fs.appendFileSync(root + '/a/b/x.txt', new Uint8Array([33]).buffer);
      say(fs.readFileSync(root + '/a/b/x.txt', 'utf-8'), fs.readFileSync(root + '/a/b/x.txt').byteLength);
      say(fs.readFileSync(root + '/a/b/x.txt', 'base64', 0, 3), fs.readFileSync('sound/bell.json', 'utf8'));
      const stats = fs.statSync(root + '/a'); say(stats.isDirectory(), fs.statSync(root + '/a/b/x.txt').size);
      say((await fs.stat({ path: root + '/a', recursive: true })).stats.map((s) => s.path + s.stats.isFile()));
      await fs.copyFile({ srcPath: root + '/a/b/x.txt', destPath: root + '/y.txt' });
      fs.renameSync(root + '/y.txt', root + '/z.txt'); fs.truncateSync(root + '/z.txt', 2);
      say(fs.readdirSync(root), fs.readFileSync(root + '/z.txt', 'ascii'), fs.readdirSync('/sound').includes('bell.wav'));
      fs.unlinkSync(root + '/z.txt'); fs.rmdirSync(root + '/a', true); say(fs.readdirSync(root));
      try { fs.readFileSync(root + '/none') } catch (e) { say(e.message) }
      await fs.access({ path: root + '/none' }).catch((e) => say(e.errMsg));
      await fs.unlink({ filePath: 'app.js' }).catch((e) => say(e.errMsg));
      await fs.unzip({}).catch((e) => say(e.errMsg));
      try { fs.openSync({}) } catch (e) { say(e.message) }
      say((await wx.getFileInfo({ filePath: 'sound/bell.json', digestAlgorithm: 'sha1' })).digest)"""
    assert await lines(board, code) == [
        "grün! 6", "Z3LD []", "true 6", '["/false","/bfalse","/b/x.txttrue"]', '["a","z.txt"] gr true', "[]",
        "readFileSync:fail no such file or directory, open wxfile://usr/none",
        "access:fail no such file or directory, access wxfile://usr/none",
        "unlink:fail permission denied, unlink app.js",
        "unzip:fail not supported on this host", "openSync:fail not supported on this host",
        "97d170e1550eee4afc0af065b78cda302a97674c",
    ]  # fmt: skip


async def test_files_stay_and_temporary_files_go_with_the_run(board: Board, server: Server) -> None:
    code = f"""
      const fs = wx.getFileSystemManager(), usr = wx.env.USER_DATA_PATH + '/kept', last = wx.getStorageSync('last');
      if (last) {{
        fs.access({{ path: last.temporary, complete: (e) => {{
          say(fs.readFileSync(usr, 'utf8'), e.errMsg.slice(0, 34));
          fs.getSavedFileList({{ success: ({{ fileList }}) => {{ say(fileList.length, fileList[0].filePath === last.saved, fileList[0].size); say('end') }} }});
        }} }});
      }} else {{
        fs.writeFileSync(usr, 'still here');
        const a = await wx.downloadFile({{ url: 'http://{server.origin}/picture.png' }}), b = await wx.downloadFile({{ url: 'http://{server.origin}/picture.png' }});
        const {{ savedFilePath }} = await wx.saveFile({{ tempFilePath: a.tempFilePath }});
        wx.setStorageSync('last', {{ temporary: b.tempFilePath, saved: savedFilePath }}); say('end');
      }}"""
    source = made(code, server)
    assert await said(board, source) == []
    board.heard.logs.clear()
    assert await said(board, source) == [
        "still here access:fail no such file or direct", f"1 true {len(PICTURE)}",
    ]  # fmt: skip


# -- downloads and uploads --------------------------------------------------------------------------------------


async def test_a_download_tells_its_progress_and_lands_in_a_file(board: Board, server: Server) -> None:
    code = f"""
      let last, header;
      const task = wx.downloadFile({{ url: 'http://{server.origin}/picture.png', filePath: wx.env.USER_DATA_PATH + '/p.png' }});
      task.onProgressUpdate((p) => last = p); task.onHeadersReceived((r) => header = r.header['Content-Type']);
      const r = await task; say(r.statusCode, r.filePath, r.errMsg, header, last);
      say(wx.getFileSystemManager().statSync(r.filePath).size)"""
    assert await lines(board, code, server) == [
        "200 wxfile://usr/p.png downloadFile:ok image/png "
        + json.dumps({"progress": 100, "totalBytesWritten": len(PICTURE), "totalBytesExpectedToWrite": len(PICTURE)}, separators=(",", ":")),
        str(len(PICTURE)),
    ]  # fmt: skip


async def test_an_answer_is_heard_piece_by_piece_as_it_comes(board: Board, server: Server) -> None:
    code = f"""
      const url = 'http://{server.origin}';
      const text = (buffer) => String.fromCharCode(...new Uint8Array(buffer));
      let heard = '';
      const result = await new Promise((resolve, reject) => {{
        const task = wx.request({{ url: url + '/stream', enableChunked: true, success: resolve, fail: reject }});
        task.onHeadersReceived(({{ header, statusCode, cookies }}) => say('headers', header['X-Kind'], statusCode, cookies[0]));
        task.onChunkReceived(({{ data }}) => {{
          heard += text(data);
          if (/(one|two|three) ?$/.test(heard)) {{ say('chunk', heard); wx.request({{ url: url + '/next' }}) }}
        }});
      }});
      say(result.statusCode, result.data === '', result.errMsg)"""
    assert await lines(board, code, server) == [
        "headers stream 200 a=1", "chunk one ", "chunk one two ", "chunk one two three", "200 true request:ok",
    ]  # fmt: skip


async def test_an_upload_sends_a_form_with_its_length_and_tells_its_progress(board: Board, server: Server) -> None:
    code = f"""
      let last; const fs = wx.getFileSystemManager(), path = wx.env.USER_DATA_PATH + '/photo.png';
      fs.writeFileSync(path, new ArrayBuffer(200000));
      const task = wx.uploadFile({{ url: 'http://{server.origin}/upload', filePath: path, name: 'photo', formData: {{ note: 'grün' }}, success: (r) => {{
        say(r.statusCode, r.data, last.progress, last.totalBytesSent === last.totalBytesExpectedToSend); say('end') }} }});
      task.onProgressUpdate((p) => last = p)"""
    assert await said(board, made(code, server)) == ["201 thank you 100 true"]
    sent = server.uploads[-1]
    assert (sent["note"], sent["name"], sent["data"]) == ("grün", "photo.png", bytes(200000))
    assert sent["length"]  # a length, not chunks: many servers take no others


async def test_a_transfer_can_be_aborted_and_is_refused_clearly(board: Board, server: Server) -> None:
    code = f"""
      const task = wx.downloadFile({{ url: 'http://{server.origin}/stuck' }});
      task.onHeadersReceived(() => task.abort()); await task.catch((e) => say(e.errMsg));
      await wx.downloadFile({{ url: 'http://127.0.0.2:1/x' }}).catch((e) => say(e.errMsg));
      await wx.downloadFile({{ url: 'http://{server.origin}/large' }}).catch((e) => say(e.errMsg));
      await wx.downloadFile({{ url: 'http://{server.origin}/picture.png', filePath: 'app.js' }}).catch((e) => say(e.errMsg));
      await wx.uploadFile({{ url: 'http://{server.origin}/upload', filePath: '../secret', name: 'a' }}).catch((e) => say(e.errMsg))"""
    assert await lines(board, code, server) == [
        "downloadFile:fail abort",
        "downloadFile:fail url not in domain list: the manifest does not declare http://127.0.0.2:1",
        f"downloadFile:fail the file holds {11 * 2**20} bytes; at most {10 * 2**20} are allowed",
        "downloadFile:fail permission denied, write app.js",
        'uploadFile:fail parameter error: filePath "../secret" must not hold "..", backslashes or zero characters',
    ]


# -- sockets ----------------------------------------------------------------------------------------------------


async def test_a_socket_opens_sends_hears_and_is_closed_by_the_server(board: Board, server: Server) -> None:
    code = f"""
      const s = wx.connectSocket({{ url: 'ws://{server.origin}/echo', protocols: ['chat'], header: {{ 'X-Mine': 'yes', Host: 'evil' }}, success: (r) => say(r.errMsg) }});
      s.onOpen((r) => {{ say('open', s.readyState === s.OPEN); s.send({{ data: 'hello', success: (r) => say(r.errMsg) }}) }});
      s.onMessage(({{ data }}) => {{
        say(typeof data === 'string' ? data : [...new Uint8Array(data)]);
        if (data === 'heard hello') s.send({{ data: new Uint8Array([1, 2, 3]).buffer }});
        else s.send({{ data: 'bye' }});
      }});
      s.onClose((r) => {{ say('close', r.code, s.readyState); s.send({{ data: 'late', fail: (e) => {{ say(e.errMsg); say('end') }} }}) }})"""
    found = await said(board, made(code, server))
    assert sorted(found[:3]) == sorted(["connectSocket:ok", "open true", "sendSocketMessage:ok"])
    assert found[3:] == ["heard hello", "[3,2,1]", "close 4001 3", "sendSocketMessage:fail the socket is not open"]
    assert server.headers[-1]["X-Mine"] == "yes"
    assert server.headers[-1]["Host"] == server.origin


async def test_the_older_calls_are_about_the_socket_opened_last(board: Board, server: Server) -> None:
    code = f"""
      await wx.sendSocketMessage({{ data: 'x' }}).catch((e) => say(e.errMsg));
      wx.onSocketOpen(() => wx.sendSocketMessage({{ data: 'old' }}));
      wx.onSocketMessage(({{ data }}) => {{ say(data); wx.closeSocket({{ code: 3001, reason: 'done' }}) }});
      wx.onSocketClose((r) => {{ say(r.code, r.reason); say('end') }});
      wx.connectSocket({{ url: 'ws://{server.origin}/echo' }})"""
    assert await said(board, made(code, server)) == [
        "sendSocketMessage:fail no socket was opened", "heard old", "3001 done",
    ]  # fmt: skip


async def test_a_socket_that_cannot_be_had_says_why(board: Board, server: Server) -> None:
    code = f"""
      const closed = (s) => new Promise((r) => s.onClose(r)), heard = (s) => new Promise((r) => s.onError((e) => r(e.errMsg)));
      say(await heard(wx.connectSocket({{ url: 'ws://127.0.0.2:1/' }})));
      wx.connectSocket({{ url: 'http://{server.origin}/echo', fail: (e) => say(e.errMsg.slice(0, 31)) }});
      let s = wx.connectSocket({{ url: 'ws://{server.origin}/picture.png' }}); say(await heard(s)); await closed(s);
      s = wx.connectSocket({{ url: 'ws://{server.origin}/away' }}); say(await heard(s)); await closed(s);
      s = wx.connectSocket({{ url: 'ws://{server.origin}/echo' }}); s.onOpen(() => s.send({{ data: 'huge' }}));
      say((await closed(s)).code);
      const open = []; for (let i = 0; i < 5; i++) open.push(wx.connectSocket({{ url: 'ws://{server.origin}/echo' }}));
      await Promise.all(open.map((s) => new Promise((r) => s.onOpen(r))));
      say(await heard(wx.connectSocket({{ url: 'ws://{server.origin}/echo' }})));
      open[0].send({{ data: 'x'.repeat(1048577), fail: (e) => say(e.errMsg) }});
      open[0].close({{ code: 1005, fail: (e) => {{ say(e.errMsg); say('end') }} }})"""
    host = server.origin.partition(":")[0]
    assert await said(board, made(code, server)) == [
        "connectSocket:fail url not in domain list: the manifest does not declare ws://127.0.0.2:1",
        "connectSocket:fail invalid url ",
        f"connectSocket:fail {host} answered 200 instead of opening a WebSocket",
        "connectSocket:fail the server redirects, which a socket does not follow",
        "1009",
        "connectSocket:fail more than 5 sockets are open; close one first",
        "sendSocketMessage:fail parameter error: data holds 1048577 bytes; at most 1048576 are allowed",
        "closeSocket:fail parameter error: code must be 1000, or from 3000 to 4999",
    ]


async def test_sockets_and_sound_end_with_the_program(board: Board, server: Server, services: Services) -> None:
    code = f"""
      const s = wx.connectSocket({{ url: 'ws://{server.origin}/echo' }}); await new Promise((r) => s.onOpen(r));
      const a = wx.createInnerAudioContext(); a.onTimeUpdate(() => console.log('plays')); a.src = 'sound/long.wav'; a.play();
      wx.downloadFile({{ url: 'http://{server.origin}/stuck' }})"""
    stopped = services.loudspeaker.stopped
    server.waiting.clear()
    session = await board.run(made(code, server))
    await board.heard.line(session, "plays")
    await server.waiting.wait()
    assert server.sockets
    await board.sessions.stop(session.app_id)
    await board.heard.until(lambda: not server.sockets)
    assert services.loudspeaker.stopped == stopped + 1


async def test_a_program_without_the_permission_reaches_no_server(board: Board, server: Server) -> None:
    code = f"""
      const s = wx.connectSocket({{ url: 'ws://{server.origin}/echo' }}); say((await new Promise((r) => s.onError(r))).errMsg);
      await wx.downloadFile({{ url: 'http://{server.origin}/picture.png' }}).catch((e) => say(e.errMsg));
      wx.getRecorderManager().onError((e) => {{ say(e.errMsg); say('end') }}); wx.getRecorderManager().start()"""
    assert await said(board, made(code, server, permissions=())) == [
        "connectSocket:fail the manifest does not ask for the permission request",
        "downloadFile:fail the manifest does not ask for the permission request",
        "operateRecorder:fail the manifest does not ask for the permission record",
    ]


# -- sound ------------------------------------------------------------------------------------------------------


async def test_a_sound_plays_to_its_end(board: Board, services: Services) -> None:
    code = """
      const a = wx.createInnerAudioContext(); a.autoplay = true;
      for (const name of ['Canplay', 'Play', 'Pause', 'Stop']) a['on' + name](() => say(name, a.paused));
      a.onEnded(() => { say('Ended', a.duration, a.currentTime, a.paused); say('end') }); a.src = '/sound/bell.wav'"""
    assert await said(board, made(code)) == ["Canplay false", "Play false", "Ended 0.1 0.1 true"]
    assert services.loudspeaker.played[-1] == wav(0.1)


async def test_packed_sound_plays_too_and_as_fast_as_the_program_says(board: Board, services: Services) -> None:
    services.loudspeaker.played.clear()
    code = """const a = wx.createInnerAudioContext(); a.playbackRate = 2; a.src = '/sound/soft.mp3';
      await new Promise((resolve, reject) => { a.onEnded(resolve); a.onError(reject); a.play() });
      say(Math.round(a.duration * 10) / 10)"""
    source = made(f"{code}; say('end')")
    # A second of silence: 38 frames of MPEG 1 layer III at 44.1 kHz.
    source = Program(
        source.manifest, {**source.entries, "sound/soft.mp3": (bytes.fromhex("fffb9064") + bytes(413)) * 38}
    )
    assert await said(board, source) == ["1"]
    with wave.open(io.BytesIO(services.loudspeaker.played[0])) as file:
        assert file.getframerate() == 88_200


async def test_a_sound_pauses_where_it_is_and_goes_on_from_there(board: Board, services: Services) -> None:
    code = """
      const a = wx.createInnerAudioContext(); a.src = 'sound/long.wav'; a.volume = 0.5; a.startTime = 5;
      const next = (name) => new Promise((r) => a['on' + name](r));
      a.play(); await next('TimeUpdate'); a.pause(); await next('Pause');
      const at = a.currentTime; say(at > 5 && at < 30, a.paused);
      a.play(); await next('TimeUpdate'); a.stop(); await next('Stop'); say(a.paused, a.currentTime);
      a.seek(29.9); a.play(); await next('Ended'); a.destroy(); a.play()"""
    assert await lines(board, code) == ["true true", "true 0"]
    first, second, third = services.loudspeaker.played[-3:]
    assert len(first) == 44 + 25 * 16000
    assert len(second) < len(first)
    assert len(third) == 44 + 1600
    assert first[44:46] == (500).to_bytes(2, "little")


async def test_a_sound_that_cannot_be_played_says_why(board: Board) -> None:
    code = """
      const fails = (src) => new Promise((r) => { const a = wx.createInnerAudioContext(); a.onError((e) => r(e.errMsg)); a.src = src; a.play() });
      for (const src of ['', 'sound/none.wav', 'sound/text.wav', 'https://else.example/a.wav', 'wxfile://usr/../a.wav']) say(await fails(src));
      for (let i = 0; i < 4; i++) { const a = wx.createInnerAudioContext(); a.src = 'sound/long.wav'; a.play(); await new Promise((r) => a.onPlay(r)) }
      say(await fails('sound/bell.wav'))"""
    found = await lines(board, code)
    assert [line.removeprefix("createInnerAudioContext:fail ") for line in found] == [
        "parameter error: src is empty",
        "no such file or directory, open sound/none.wav",
        "the sound is neither WAV nor MP3, FLAC or Ogg Vorbis, which is what this board plays",
        "url not in domain list: the manifest does not declare https://else.example",
        'parameter error: src "wxfile://usr/../a.wav" must not hold "..", backslashes or zero characters',
        "more than 4 sounds are playing; stop one first",
    ]


async def test_a_recording_is_heard_frame_by_frame(board: Board) -> None:
    code = """
      const r = wx.getRecorderManager(), sizes = [], lasts = [];
      r.onFrameRecorded(({ frameBuffer, isLastFrame }) => { sizes.push(frameBuffer.byteLength); lasts.push(isLastFrame) });
      const stopped = new Promise((done) => r.onStop(done));
      r.start({ duration: 200, format: 'PCM', frameSize: 4 });
      const { fileSize } = await stopped;
      say(sizes, lasts, fileSize);
      const failed = new Promise((done) => r.onError(done));
      r.start({ frameSize: 4 }); say((await failed).errMsg)"""
    assert await lines(board, code) == [
        "[4096,2304] [false,true] 6400", "operateRecorder:fail parameter error: frameSize is for the format PCM",
    ]  # fmt: skip


async def test_a_recording_becomes_a_temporary_file(board: Board) -> None:
    code = """
      const r = wx.getRecorderManager(), next = (name) => new Promise((done) => r['on' + name](done));
      r.start({ duration: 200 }); await next('Start');
      const { tempFilePath, duration, fileSize } = await next('Stop');
      say(duration, fileSize, wx.getFileSystemManager().readFileSync(tempFilePath, 'ascii', 0, 4));
      r.start({ format: 'PCM' }); await next('Start'); r.pause(); await next('Pause'); r.resume(); await next('Resume'); r.stop();
      const second = await next('Stop'); say(second.tempFilePath.endsWith('.pcm'));
      r.start({ format: 'mp3' }); say((await next('Error')).errMsg)"""
    assert await lines(board, code) == [
        "200 6444 RIFF", "true", "operateRecorder:fail parameter error: format must be one of PCM, wav",
    ]  # fmt: skip


# -- the rest ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("say(wx.arrayBufferToBase64(new Uint8Array([0, 255, 16]).buffer), [...new Uint8Array(wx.base64ToArrayBuffer('AP8Q'))])", "AP8Q [0,255,16]"),
        ("try { wx.base64ToArrayBuffer('!') } catch (e) { say(e.message) }", "base64ToArrayBuffer: the argument must be base64 text"),
        ("const r = await wx.getRandomValues({ length: 8 }); say(r.randomValues.byteLength, r.errMsg)", "8 getRandomValues:ok"),
        ("say((await wx.getUserCryptoManager().getRandomValues({ length: 2 })).randomValues.byteLength)", "2"),
        ("await wx.getRandomValues({ length: 1e9 }).catch((e) => say(e.errMsg))",
         "getRandomValues:fail parameter error: the value at length must be a number from 0 to 1048576"),
        ("await wx.setClipboardData({ data: 'grün' }); say((await wx.getClipboardData()).data)", "grün"),
        ("say(await wx.getBatteryInfo(), wx.getBatteryInfoSync().level)",
         '{"level":80,"isCharging":true,"isLowPowerModeEnabled":false,"errMsg":"getBatteryInfo:ok"} 80'),
        ("await wx.batchSetStorage({ kvList: [{ key: 'a', value: 1 }, { key: 'b', value: [2] }] }); say(wx.batchGetStorageSync(['a', 'b', 'c']))", '[1,[2],""]'),
        ("wx.batchSetStorageSync([{ key: 'q', value: 3 }]); say((await wx.batchGetStorage({ keyList: ['q'] })).dataList)", "[3]"),
        ("say(wx.getMenuButtonBoundingClientRect())", '{"width":87,"height":32,"top":4,"bottom":36,"right":473,"left":386}'),
        ("say(wx.getExtConfigSync(), await wx.getExtConfig(), wx.env.USER_DATA_PATH)", '{} {"extConfig":{},"errMsg":"getExtConfig:ok"} wxfile://usr'),
        ("say(wx.getSystemSetting().deviceOrientation, wx.getAppAuthorizeSetting().microphoneAuthorized)", "landscape authorized"),
        ("await wx.authorize({ scope: 'scope.record' }); await wx.authorize({ scope: 'scope.userLocation' }).catch((e) => say(e.errMsg))", "authorize:fail auth deny"),
        ("const order = []; wx.nextTick(() => { order.push('tick'); say(order) }); order.push('now'); await 0", '["now","tick"]'),
        ("say(typeof wx.getPerformance().now(), wx.getPerformance().getEntries())", "number []"),
        ("wx.getLogManager().info('to the log', 1); say(wx.getRealtimeLogManager().tag('t').info('x') === undefined)", "true"),
        ("say(await wx.exitMiniProgram())", '{"errMsg":"exitMiniProgram:ok"}'),
        ("say(swan.getEnvInfoSync().appName, swan.isLoginSync())", "test false"),
    ],
)  # fmt: skip
async def test_an_api_answers(board: Board, code: str, expected: str) -> None:
    assert (await lines(board, code)) == [expected]


async def test_an_animation_is_exported_in_wechats_structure(board: Board) -> None:
    code = """
      const a = wx.createAnimation({ duration: 1000, timingFunction: 'ease' });
      a.scale(2).opacity(0.5).step().rotate(45).width(10).step({ duration: 200, transformOrigin: '0 0' });
      say(a.export()); say(a.export())"""
    first, second = await lines(board, code)
    scale = {"type": "scale", "args": [2, 2]}
    opacity = {"type": "style", "args": ["opacity", 0.5]}
    assert json.loads(first) == {
        "actions": [
            {
                "animates": [scale, opacity],
                "option": {
                    "transformOrigin": "50% 50% 0",
                    "transition": {"duration": 1000, "timingFunction": "ease", "delay": 0},
                },
            },
            {
                "animates": [
                    scale, opacity, {"type": "rotate", "args": [45]}, {"type": "style", "args": ["width", "10px"]},
                ],
                "option": {
                    "transformOrigin": "0 0",
                    "transition": {"duration": 200, "timingFunction": "ease", "delay": 0},
                },
            },
        ]
    }  # fmt: skip
    assert json.loads(second) == {"actions": []}


async def test_the_clipboards_use_is_recorded_without_what_it_held(board: Board, services: Services) -> None:
    services.clipboard.clear()
    await lines(board, "await wx.setClipboardData({ data: 'secret' }); await wx.getClipboardData()")
    assert [act for _, act in services.clipboard] == ["clipboard_written", "clipboard_read"]


async def test_a_program_hears_of_the_network_of_themes_and_of_new_versions(board: Board, services: Services) -> None:
    code = """
      wx.onNetworkStatusChange((r) => say(r)); wx.onThemeChange((r) => say(r.theme, wx.getAppBaseInfo().theme));
      const gone = () => say('never'); wx.onThemeChange(gone); wx.offThemeChange(gone);
      const u = wx.getUpdateManager(); u.onCheckForUpdate((r) => say(r)); u.onUpdateReady(() => { say('ready'); u.applyUpdate() });
      wx.onPageNotFound((r) => say(r.path)); say('listens')"""
    session = await board.run(made(code))
    await board.heard.line(session, '{"hasUpdate":false}')
    session.capability_event("networkStatusChange", {"isConnected": False, "networkType": "none"})
    session.capability_event("themeChange", {"theme": "dark"})
    session.capability_event("update", {"state": "found"})
    session.capability_event("update", {"state": "ready"})
    session.open("pages/none/none")
    await board.heard.line(session, "pages/none/none")
    await board.heard.until(lambda: session.app_id in services.updated)
    assert board.heard.lines(session) == [
        "listens", '{"hasUpdate":false}', '{"isConnected":false,"networkType":"none"}', "dark dark",
        '{"hasUpdate":true}', "ready", "pages/none/none",
    ]  # fmt: skip


async def test_base64_is_that_of_the_standard(board: Board) -> None:
    data = bytes(range(256)) * 40
    code = f"""
      const packed = '{base64.b64encode(data).decode()}'; const bytes = wx.base64ToArrayBuffer(packed);
      say(bytes.byteLength, wx.arrayBufferToBase64(bytes) === packed)"""
    assert await lines(board, code) == [f"{len(data)} true"]
