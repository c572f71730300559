"""What the network panel shows: each request, download, upload and socket of the program, with what came of it."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from device_runtime.values import Value
from firmware_tools.simulator.gate import NETWORK_CALLS

MAX_ENTRIES = 500
MAX_MESSAGES = 200
PREVIEW_CHARACTERS = 20_000
_MESSAGE_CHARACTERS = 2000
_URL_CHARACTERS = 2000
_DETAILS = frozenset({"request_header", "request_body", "response_header", "response_body", "messages"})
# What the gate and the network's own rules say when they turn a call down, rather than try it.
_REFUSALS = (
    "the manifest does not ask",
    "url not in domain list",
    "not supported on this host",
    "and this board allows",
)


class NetworkLog:
    """Keeps the last entries; ``changed`` is told the summary of each one that is new or has changed."""

    def __init__(self, changed: Callable[[dict[str, Any]], None], clock: Callable[[], float]) -> None:
        self._tell = changed
        self._clock = clock
        self.entries: list[dict[str, Any]] = []
        self._calls: dict[int, dict[str, Any]] = {}
        self._tasks: dict[str, dict[str, Any]] = {}
        self._number = 0

    def summaries(self) -> list[dict[str, Any]]:
        """Every entry without its headers, bodies and messages."""
        return [_summary(entry) for entry in self.entries]

    def entry(self, number: int) -> dict[str, Any] | None:
        """One entry as a whole."""
        return next((entry for entry in self.entries if entry["id"] == number), None)

    def _changed(self, entry: dict[str, Any]) -> None:
        self._tell(_summary(entry))

    def clear(self) -> None:
        """Forget what has ended."""
        self.entries = [entry for entry in self.entries if entry["state"] in ("pending", "open")]

    def started(self, call: int, name: str, arguments: Mapping[str, Value]) -> None:
        """A call of the program; those that are not about the network are passed over."""
        if name == "socket.send":
            self._message(arguments.get("task"), "sent", arguments.get("data"))
        if name not in NETWORK_CALLS:
            return
        self._number += 1
        body = arguments.get("data", arguments.get("formData"))
        method = str(arguments.get("method") or {"uploadFile": "POST", "connectSocket": "WS"}.get(name, "GET")).upper()
        entry: dict[str, Any] = {
            "id": self._number,
            "time": self._clock(),
            "kind": NETWORK_CALLS[name],
            "method": method,
            "url": str(arguments.get("url", ""))[:_URL_CHARACTERS],
            "state": "pending",
            "status": None,
            "ms": None,
            "reason": "",
            "request_header": _header(arguments.get("header")),
            "request_body": preview(body),
            "sent": size_of(body),
            "response_header": {},
            "response_body": "",
            "received": 0,
            "messages": [],
        }
        self.entries.append(entry)
        del self.entries[:-MAX_ENTRIES]
        self._calls[call] = entry
        task = arguments.get("task")
        if isinstance(task, str) and task:
            self._tasks[task] = entry
        self._changed(entry)

    def ended(self, call: int, value: Value, reason: str | None, milliseconds: float) -> None:
        """A call has its answer."""
        entry = self._calls.pop(call, None)
        if entry is None:
            return
        entry["ms"] = round(milliseconds, 1)
        if reason is not None:
            entry["state"] = "refused" if any(words in reason for words in _REFUSALS) else "failed"
            entry["reason"] = reason
            self._forget(entry)
        elif entry["kind"] != "socket":  # a socket has only begun to connect
            entry["state"] = "done"
            self._take_answer(entry, value)
            self._forget(entry)
        self._changed(entry)

    def task_event(self, payload: Value) -> None:
        """Something happened to a download, upload or socket."""
        match payload:
            case {"task": str(task), "event": str(event), "detail": detail} if task in self._tasks:
                pass
            case _:
                return
        entry = self._tasks[task]
        facts = detail if isinstance(detail, dict) else {}
        match event:
            case "headers":
                entry["response_header"] = _header(facts.get("header"))
            case "progress":
                received = facts.get("totalBytesWritten")
                entry["received" if received is not None else "sent"] = received or facts.get("totalBytesSent") or 0
            case "open":
                entry |= {"state": "open", "status": 101, "ms": round((self._clock() - entry["time"]) * 1e3, 1)}
            case "message":
                self._message(task, "received", facts.get("data"))
                return
            case "error":
                entry |= {"state": "failed", "reason": str(facts.get("errMsg", ""))}
            case "close":
                if entry["state"] != "failed":
                    entry["state"] = "closed"
                    entry["reason"] = f"closed with {facts.get('code')!s} {facts.get('reason') or ''!s}".strip()
                self._forget(entry)
            case _:
                return
        self._changed(entry)

    def program_ended(self) -> None:
        """What was under way ends with its program."""
        for entry in {id(entry): entry for entry in [*self._calls.values(), *self._tasks.values()]}.values():
            if entry["state"] in ("pending", "open"):
                entry |= {"state": "closed", "reason": "the program ended"}
                self._changed(entry)
        self._calls.clear()
        self._tasks.clear()

    def _message(self, task: Value, direction: str, data: Value) -> None:
        entry = self._tasks.get(task) if isinstance(task, str) else None
        if entry is None:
            return
        size = size_of(data)
        entry["sent" if direction == "sent" else "received"] += size
        message = {
            "direction": direction,
            "time": self._clock(),
            "size": size,
            "text": preview(data)[:_MESSAGE_CHARACTERS],
        }
        entry["messages"] = [*entry["messages"][1 - MAX_MESSAGES :], message]
        self._changed(entry)

    def _take_answer(self, entry: dict[str, Any], value: Value) -> None:
        answer = value if isinstance(value, dict) else {}
        data = answer.get("data")
        entry["status"] = answer.get("statusCode")
        entry["response_header"] = _header(answer.get("header")) or entry["response_header"]
        entry["response_body"] = preview(data) or str(answer.get("tempFilePath") or answer.get("filePath") or "")
        length = next((text for name, text in entry["response_header"].items() if name.lower() == "content-length"), "")
        entry["received"] = int(length) if length.isdecimal() else entry["received"] or size_of(data)

    def _forget(self, entry: dict[str, Any]) -> None:
        for task in [task for task, other in self._tasks.items() if other is entry]:
            del self._tasks[task]


def _summary(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name not in _DETAILS}


def _header(header: Value) -> dict[str, str]:
    return {str(name): str(value) for name, value in header.items()} if isinstance(header, dict) else {}


def size_of(data: Value) -> int:
    """How many bytes a body has, or would have as JSON."""
    if data is None:
        return 0
    if isinstance(data, bytes):
        return len(data)
    return len(
        (data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, default=_bytes_text)).encode(
            errors="replace"
        )
    )


def preview(data: Value) -> str:
    """The beginning of a body as text."""
    if data is None:
        return ""
    if isinstance(data, bytes):
        shown = data[:256].hex(" ")
        return f"{len(data)} bytes: {shown}{' …' if len(data) > 256 else ''}"
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, indent=2, default=_bytes_text)
    return text if len(text) <= PREVIEW_CHARACTERS else f"{text[:PREVIEW_CHARACTERS]}… ({len(text)} characters)"


def _bytes_text(value: object) -> str:
    return f"{len(value)} bytes" if isinstance(value, bytes) else str(value)


def origin_of(url: str) -> str:
    """Scheme, host and port of an address, as a manifest declares them; empty where it is no address."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.scheme and parts.netloc else ""
