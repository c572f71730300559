"""Making a connection to the broker; imported only while it is made."""

import asyncio
import struct

from .. import clock
from .link import topic_of
from .messages import encode, one_line, unload
from .mqtt import MqttError, text

try:
    from collections.abc import Callable
    from ssl import SSLContext
    from typing import Any

    from ..watchdog import Watchdog
    from .link import Link
    from .mqtt import Connection
except ImportError:
    pass

_SECONDS = 30
_KEEPALIVE = 60
_REASONS = (
    "",
    "it does not speak MQTT 3.1.1",
    "it does not take this client id",
    "it is not available now",
    "it does not know this user and password",
    "it does not let this user in",
)


async def open_session(
    connection: "Connection", link: "Link", identity: "dict[str, Any]", root: str, watchdog: "Watchdog | None"
) -> "asyncio.Task[str]":
    """Connect, with the will that says ``lost``, and subscribe to what the fleet says.

    Args:
        connection: a new one.
        link: numbers it, and keeps the TLS context.
        identity: ``identity.json``.
        root: below it lie ``cygnet/ca.der``, and of a board with a certificate what :mod:`.certificate` says, and
            ``device.key``.
        watchdog: is told that this may block.

    Returns:
        The task that reads, which ends with the connection and gives the reason.

    Raises:
        MqttError: no connection, no trust, or the broker refuses; the sentence says which.
    """
    if watchdog is not None:
        watchdog.allow(_SECONDS)
    reader = None
    try:
        await asyncio.wait_for(_connect(connection, link, identity, root), _SECONDS)
        reader = asyncio.create_task(connection.run())
        for channel in ("desired", "response"):
            await _subscribe(connection, topic_of(identity, channel))
    except BaseException as error:
        if reader is not None:
            reader.cancel()
        await connection.close()
        if isinstance(error, asyncio.TimeoutError):
            raise MqttError(f"the broker {identity['broker']['host']} did not answer within {_SECONDS} s")
        raise
    return reader


async def _connect(connection: "Connection", link: "Link", identity: "dict[str, Any]", root: str) -> None:
    broker = identity["broker"]
    host, port, user = broker["host"], broker["port"], broker.get("username", "")
    fields = [
        "device-" + identity["device"],
        topic_of(identity, "state"),
        encode({"status": "lost", "session": link.session}),
    ]
    flags = 0x02 | 0x04 | 0x08 | 0x20  # a clean session, and a will that is retained, with QoS 1
    if user:
        flags |= 0xC0
        fields += [user, broker.get("password", "")]
    body = (
        b"\0\x04MQTT\x04" + bytes((flags,)) + struct.pack(">H", _KEEPALIVE) + b"".join([text(each) for each in fields])
    )
    answer = connection.buffer[:2]
    try:
        if broker.get("tls"):
            if link.tls is None:
                link.tls = _context(link, root)
            _, connection.stream = await asyncio.open_connection(host, port, ssl=link.tls, server_hostname=host)
        else:
            _, connection.stream = await asyncio.open_connection(host, port)
        await connection.send(0x10, (body,), len(body))
        await connection.fill(answer)
        is_broker = bytes(answer) == b"\x20\x02"
        if is_broker:
            await connection.fill(answer)
    except (OSError, ValueError) as error:
        raise MqttError(_explain(error, host, port))
    if not is_broker:
        raise MqttError(f"what answers at {host}:{port} is no MQTT broker")
    code = answer[1]
    if code:
        reason = _REASONS[code] if code < len(_REASONS) else f"its answer is {code}"
        raise MqttError(f"the broker {host} refuses: {reason}")
    connection.heard, connection.keepalive = clock.ticks_ms(), _KEEPALIVE
    connection.is_open = True


async def _subscribe(connection: "Connection", topic: str) -> None:
    number = connection.next_packet()
    event = connection.acknowledged[number] = asyncio.Event()
    try:
        body = struct.pack(">H", number) + text(topic) + b"\x01"
        await connection.send(0x82, (body,), len(body))
        await connection.answer(event, _SECONDS)
    finally:
        connection.acknowledged.pop(number, None)
    if number in connection.refused:
        raise MqttError(f"the broker does not let this user subscribe to {topic}: its operator must allow it")


def _context(link: "Link", root: str) -> "SSLContext":
    # What MicroPython's ``ssl`` is made of, without what that adds in Python.
    import tls

    context: SSLContext = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    context.verify_mode = tls.CERT_REQUIRED
    try:
        with open(root + "cygnet/ca.der", "rb") as file:
            context.load_verify_locations(file.read())
    except (OSError, ValueError) as error:
        raise MqttError(f"cygnet/ca.der is no certificate: put the CA of the broker there ({error})")
    try:
        certificate = _choose(link, root)
        with open(root + "cygnet/device.key", "rb") as file:
            context.load_cert_chain(certificate, file.read())
    except OSError:
        pass  # it has none, and signs in with a password
    except ValueError as error:
        raise MqttError(f"cygnet/device.der and device.key are no certificate and its key: provision anew ({error})")
    return context


def _choose(link: "Link", root: str) -> bytes:
    """The certificate to show: one that is on trial; after a while without a connection, the one of before in turns."""
    from .certificate import shown

    now = clock.ticks_ms()
    if link.shows < 2:
        link.tried = now
    before = link.shows == 2 and abs(clock.ticks_diff(now, link.tried)) >= link.proving * 1000
    certificate, on_trial = shown(root, before)
    link.shows = (3 if before else 2) if on_trial else 1 if certificate else 0
    del shown
    unload("certificate")
    if not certificate:
        raise OSError
    return certificate


def _explain(error: Exception, host: str, port: int) -> str:
    why = one_line(str(error).strip(), 200)
    if "certificate" in why or "X509" in why or "CERT" in why:
        return f"the broker {host} is not trusted ({why}): its certificate must be signed by the CA in ca.der"
    return f"no connection to the broker {host}:{port}: {why}"


def ask_time(server: str, watchdog: "Watchdog | None", log: "Callable[[str, str, str], None]") -> bool:
    """Set the clock by NTP; whether that worked."""
    try:
        import ntptime

        if watchdog is not None:
            watchdog.allow(10)
        ntptime.host = server
        ntptime.settime()
    except (ImportError, OSError, ValueError) as error:  # ValueError: an answer that is too short
        log("warning", "sync", f"no time from {server}: {error}")
        return False
    return True
