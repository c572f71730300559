"""Keeps a board's certificate from expiring; imported only while there is something to be done about it.

The rule is that of ``device_runtime/sync/renewal.py``: the fleet decides when a renewal is due, by its own clock; the
board asks once a day, and soon after it connected where by its clock a third of the lifetime is left. It keeps its key:
to make one, and to sign a request with it, is more than a board can. What the fleet gives, signed as ``desired`` is, is
put on trial beside the one of before, and counts when a connection stands that showed it.
"""

import binascii
import os

from .. import clock
from .certificate import judge, put_on_trial, shown
from .desired import verify_envelope
from .messages import MAX_ERROR, SyncError, encode

try:
    from typing import Any

    from .agent import Agent
    from .link import Link
    from .work import Work
except ImportError:
    pass

_DAY = 86_400
"""Seconds between two questions."""
_SETTLE = 30
"""Seconds before a new certificate is shown, where ``board.json`` does not say ``renew_settle``: some brokers learn of
it later than the board."""
_ASK, _SWITCH = 1, 2
"""What is done next: to ask (after a start, only if it is due), or to show the new certificate."""


class Certificate:
    """What a board has to know of a certificate (X.509, RFC 5280): ``serial`` in hex, ``begins`` and ``ends`` as
    ``YYYYMMDDhhmmss``, its public ``key`` and its ``extensions`` in DER."""

    def __init__(self, der: bytes) -> None:
        """Raises :class:`SyncError`: it is none."""
        try:
            _, at, end = _element(der, 0)
            if end != len(der):
                raise ValueError  # noqa: TRY301 - one way out
            _, at, last = _element(der, at)
            if der[at] == 0xA0:  # the version
                at = _element(der, at)[2]
            _, start, at = _element(der, at)
            self.serial = binascii.hexlify(der[start:at]).decode().lstrip("0")
            at = _element(der, _element(der, at)[2])[2]  # algorithm, issuer
            _, start, at = _element(der, at)
            self.begins, start = _time(der, start)
            self.ends, start = _time(der, start)
            at = _element(der, at)[2]  # subject
            start, at = at, _element(der, at)[2]
            self.key, self.extensions = der[start:at], der[at:last]
        except (ValueError, IndexError):
            raise SyncError("it is no certificate")

    def is_for(self, identity: "dict[str, Any]") -> bool:
        """Whether it has the name of this device of this fleet (``sync/certificates.py`` says what that is)."""
        name = f"urn:cygnet:{identity['fleet']}:device:{identity['device']}:{self.serial}".encode()
        head = b"\x86" + (b"\x81" if len(name) > 127 else b"") + bytes((len(name),))
        return head + name in self.extensions


def _element(der: bytes, at: int) -> "tuple[int, int, int]":
    """The tag of what stands there, where its content begins, and where it ends."""
    size, start = der[at + 1], at + 2
    if size & 0x80:
        if size not in (0x81, 0x82):
            raise ValueError
        start += size & 0x7F
        size = int.from_bytes(der[at + 2 : start], "big")
    if start + size > len(der):
        raise ValueError
    return der[at], start, start + size


def _time(der: bytes, at: int) -> "tuple[str, int]":
    tag, start, end = _element(der, at)
    text = der[start:end].decode()
    if tag == 0x17:  # UTCTime: two digits of the year, from 1950
        text = ("20" if text < "5" else "19") + text
    if len(text) != 15 or text[-1] != "Z":
        raise ValueError
    int(text[:-1])
    return text[:-1], end


def seconds(text: str) -> int:
    """Unix time of ``YYYYMMDDhhmmss``; ``time.mktime`` counts otherwise on each port."""
    year, month, day, hour, minute, second = (
        int(text[:4]), int(text[4:6]), int(text[6:8]), int(text[8:10]), int(text[10:12]), int(text[12:])
    )  # fmt: skip
    if month < 3:  # years that begin in March have their leap day at their end
        year, month = year - 1, month + 12
    days = 365 * year + year // 4 - year // 100 + year // 400 + (153 * month - 457) // 5 + day - 719_469
    return days * 86_400 + hour * 3600 + minute * 60 + second


def is_due(certificate: Certificate) -> bool:
    """Whether a third of the lifetime is left by the board's clock, if it knows the time."""
    now, ends = clock.now(), seconds(certificate.ends)
    return now > 0 and now >= ends - (ends - seconds(certificate.begins)) // 3


async def turn(agent: "Agent", link: "Link", work: "Work", pace: "dict[str, int]") -> None:
    """Do what is to be done now. Raises :class:`MqttError`: it could not be asked."""
    try:
        if link.shows > 1:
            _judge(agent, link, work)
        elif agent.certificate is not None:
            await _take(agent, link, pace, *agent.certificate)
            agent.certificate = None
        elif agent.renewal == _SWITCH:
            agent.renewal = _ASK
            agent.renew_in(_DAY)
            link.tls = None
            await link.goodbye()
        else:
            await _ask(agent, link)
    except (SyncError, OSError) as error:
        agent.certificate = None
        agent.renew_in(_DAY)
        agent.refuse("certificate_refused", f"the certificate could not be renewed: {error}")


def _judge(agent: "Agent", link: "Link", work: "Work") -> None:
    """A connection stands that was made while a newer certificate was on trial."""
    good, link.shows = link.shows == 2, 1
    judge(link.root, good)  # where the disk does not take it, it is judged again after the next start
    if good:
        now = Certificate(shown(link.root)[0])
        work.tell("certificate_renewed", {"serial": now.serial, "not_after": seconds(now.ends)})
    else:
        agent.renew_in(_DAY)  # the fleet gives the same again, and a trial takes minutes without a connection
        agent.refuse("certificate_refused", "the new certificate was put back: no connection stood with it")


async def _ask(agent: "Agent", link: "Link") -> None:
    present = Certificate(shown(link.root)[0])
    first, agent.renewal = not agent.renewal, _ASK
    if first and not is_due(present):
        # Not all boards of a fleet at once that came back together.
        agent.renew_in(int.from_bytes(os.urandom(2), "big") * _DAY >> 16)
        return
    agent.asked = binascii.hexlify(os.urandom(8)).decode()
    await link.publish("request", [encode({"type": "reissue", "id": agent.asked, "serial": present.serial})])


async def _take(
    agent: "Agent", link: "Link", pace: "dict[str, int]", header: "dict[str, Any]", envelope: bytes
) -> None:
    error, after = header.get("error"), header.get("retry_after")
    agent.asked = ""
    if error:
        if not after:
            raise SyncError(str(error)[:MAX_ERROR])
        # Ticks go no further than three days.
        agent.renew_in(min(after, _DAY) if isinstance(after, int) and after > 0 else _DAY)
        return
    put_on_trial(link.root, await _checked(link, envelope))
    agent.renewal = _SWITCH
    agent.renew_in(pace.get("renew_settle", _SETTLE))


async def _checked(link: "Link", envelope: bytes) -> bytes:
    """The certificate in an answer: the fleet signed it, and it is this board's next one. Raises
    :class:`SyncError`."""
    document = await verify_envelope(envelope, link.identity, "certificate")
    whom = (document.get("type"), document.get("fleet"), document.get("device"))
    if whom != ("certificate", link.identity["fleet"], link.identity["device"]):
        raise SyncError("it is meant for another device")
    try:
        der = binascii.a2b_base64(document["certificate"])
    except (KeyError, TypeError, ValueError):
        raise SyncError("it is no certificate")
    present, new = Certificate(shown(link.root)[0]), Certificate(der)
    if not new.is_for(link.identity):
        raise SyncError("it does not name this device")
    if new.key != present.key:
        raise SyncError("it is for another key than this board's")
    if new.ends <= present.ends:
        raise SyncError("it ends no later than the present one")
    _load(link.root, der)
    return der


def _load(root: str, der: bytes) -> None:
    """Whether the port's TLS reads it. Raises :class:`SyncError`."""
    import tls

    try:
        with open(root + "cygnet/device.key", "rb") as file:
            tls.SSLContext(tls.PROTOCOL_TLS_CLIENT).load_cert_chain(der, file.read())
    except ValueError as error:
        raise SyncError(f"this board's TLS does not read it: {error}")
