"""``downloadFile`` and ``uploadFile``: whole files over HTTP, to and from the origins that ``request`` may reach.

Arguments and results are those of WeChat
(https://developers.weixin.qq.com/miniprogram/dev/api/network/download/wx.downloadFile.html and
…/upload/wx.uploadFile.html). While one runs, the program hears events ``task`` with its ``task``: ``headers`` and
``progress``.
"""

import mimetypes
import secrets
import time
from collections.abc import Mapping
from pathlib import PurePosixPath

import aiohttp
from yarl import URL

from device_runtime.capability.arguments import refuse, text
from device_runtime.capability.files import MAX_PROGRAM_BYTES, ProgramFiles
from device_runtime.capability.origin import parse_url
from device_runtime.capability.paths import MAX_PATH_CHARACTERS
from device_runtime.capability.registry import Caller, Capability, CapabilityError
from device_runtime.capability.request import (
    MAX_URL_CHARACTERS,
    Content,
    HttpCall,
    HttpClient,
    decoded,
    header_of,
    read_body,
    read_header,
)
from device_runtime.capability.tasks import tell
from device_runtime.values import Value

MAX_FILE_BYTES = MAX_PROGRAM_BYTES
MAX_FORM_FIELDS = 64
MAX_FORM_BYTES = 256 * 1024
_FILE_NAME = "filename"
_NEUTRAL_NAME = "file"
# A program needs no more to draw a bar.
_PROGRESS_SECONDS = 0.1


class _Progress:
    """Tells a program how far a transfer is: the last step always, others at most ten a second."""

    def __init__(self, caller: Caller, task: str, total: int, done: str, expected: str) -> None:
        self._caller = caller
        self._task = task
        self.total = total
        self._names = (done, expected)
        self._told = 0.0

    async def at(self, count: int) -> None:
        now = time.monotonic()
        if count < self.total and now - self._told < _PROGRESS_SECONDS:
            return
        self._told = now
        percent = min(100, count * 100 // self.total) if self.total else 0
        detail: dict[str, Value] = {"progress": percent, self._names[0]: count, self._names[1]: self.total}
        await tell(self._caller, self._task, "progress", detail)


def transfer_capabilities(client: HttpClient, files: ProgramFiles) -> list[Capability]:
    """``downloadFile {url, header?, filePath?, timeout?, task?}`` -> ``{statusCode, tempFilePath or filePath}``,
    ``uploadFile {url, filePath, name, header?, formData?, timeout?, task?}`` -> ``{statusCode, data}``, and
    ``transfer.abort {task}``; all need the permission ``request``."""

    async def download(caller: Caller, arguments: Mapping[str, Value]) -> Value:
        call = HttpCall(
            "GET", parse_url(text(arguments, "url", MAX_URL_CHARACTERS)), read_header(arguments.get("header")), None
        )
        task = text(arguments, "task", 64, "")
        wanted = text(arguments, "filePath", MAX_PATH_CHARACTERS, "")

        async def read(hop: HttpCall, response: aiohttp.ClientResponse) -> Value:
            await tell(caller, task, "headers", {"header": header_of(response)})
            total = response.content_length or 0
            if total > MAX_FILE_BYTES:
                raise CapabilityError(f"the file holds {total} bytes; at most {MAX_FILE_BYTES} are allowed")
            progress = _Progress(caller, task, total, "totalBytesWritten", "totalBytesExpectedToWrite")
            content = await read_body(response, MAX_FILE_BYTES, progress.at)
            facts: dict[str, Value] = {"statusCode": response.status, "header": header_of(response)}
            if wanted:
                await files.write(caller, wanted, content)
                return {**facts, "filePath": wanted}
            suffix = PurePosixPath(hop.url.path).suffix or mimetypes.guess_extension(response.content_type) or ""
            safe = suffix if suffix[1:].isascii() and suffix[1:].isalnum() and len(suffix) <= 8 else ""
            return {**facts, "tempFilePath": await files.add_temporary(caller, content, safe)}

        return await client.run(caller, call, read, arguments, whole_file=True)

    async def upload(caller: Caller, arguments: Mapping[str, Value]) -> Value:
        url = parse_url(text(arguments, "url", MAX_URL_CHARACTERS))
        task = text(arguments, "task", 64, "")
        path = text(arguments, "filePath", MAX_PATH_CHARACTERS)
        name = text(arguments, "name", 200)
        boundary = f"----cygnet{secrets.token_hex(12)}"
        file_name = _file_name(caller, url, path)
        fields, said = _fields(boundary, arguments.get("formData")), _said(arguments.get("formData"))
        progress = _Progress(caller, task, 0, "totalBytesSent", "totalBytesExpectedToSend")

        async def body() -> Content:
            content = await files.read(caller, path)
            form = b"".join([fields, _file(boundary, name, file_name or _NEUTRAL_NAME, content)])
            progress.total = len(form)
            return Content(form, [*said, (name, content), *([(_FILE_NAME, file_name)] if file_name else [])])

        header = {
            key: value for key, value in read_header(arguments.get("header")).items() if key.lower() != "content-type"
        }
        header |= {"Content-Type": f"multipart/form-data; boundary={boundary}"}

        async def read(hop: HttpCall, response: aiohttp.ClientResponse) -> Value:  # noqa: ARG001 a reader's shape
            await tell(caller, task, "headers", {"header": header_of(response)})
            answer = await read_body(response)
            return {
                "statusCode": response.status,
                "header": header_of(response),
                "data": decoded(answer, response.charset, as_json=False),
            }

        call = HttpCall("POST", url, header, None, progress.at, channel="upload")
        return await client.run(caller, call, read, arguments, whole_file=True, body=body)

    async def abort(caller: Caller, arguments: Mapping[str, Value]) -> Value:
        client.abort(caller, arguments)
        return None

    return [
        Capability("downloadFile", download, permission="request"),
        Capability("uploadFile", upload, permission="request"),
        Capability("transfer.abort", abort, permission="request"),
    ]


def _file_name(caller: Caller, url: URL, path: str) -> str:
    """The name under which a file is sent: its own where the data plan has a field for that, or else none."""
    items = caller.manifest.data_plan.to(str(url.origin()))
    is_planned = any({_FILE_NAME, "*"} & item.fields.keys() for item in items)
    return PurePosixPath(path).name if is_planned else ""


def _said(fields: Value) -> list[tuple[str, object]]:
    return [(key, value if isinstance(value, str) else _plain(value)) for key, value in _members(fields)]


def _members(fields: Value) -> list[tuple[str, Value]]:
    return list(fields.items()) if isinstance(fields, dict) else []


def _fields(boundary: str, fields: Value) -> bytes:
    """The fields of a ``multipart/form-data`` body (RFC 7578)."""
    if fields is not None and (not isinstance(fields, dict) or len(fields) > MAX_FORM_FIELDS):
        raise refuse(f"formData must be an object of at most {MAX_FORM_FIELDS} members")
    parts: list[bytes] = []
    for key, value in (fields or {}).items():
        if isinstance(value, bytes | list | dict):
            raise refuse(f"formData.{key[:40]} must be a string or a number")
        words = value if isinstance(value, str) else _plain(value)
        parts.append(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(key)}"\r\n\r\n{words}\r\n'.encode()
        )
    form = b"".join(parts)
    if len(form) > MAX_FORM_BYTES:
        raise refuse(f"formData holds {len(form)} bytes; at most {MAX_FORM_BYTES} are allowed")
    return form


def _file(boundary: str, name: str, file: str, content: bytes) -> bytes:
    """The file, and the end of the body."""
    kind = mimetypes.guess_type(file)[0] or "application/octet-stream"
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"; filename="{_quoted(file)}"\r\n'
        f"Content-Type: {kind}\r\n\r\n"
    )
    return b"".join([head.encode(), content, f"\r\n--{boundary}--\r\n".encode()])


def _plain(value: Value) -> str:
    """As JavaScript writes it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _quoted(name: str) -> str:
    """A name inside quotes, as the HTML standard escapes it (Multipart form data)."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
