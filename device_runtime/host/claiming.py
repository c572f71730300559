"""A device without an identity gets one: with a claim code, over the connection of a provisioning certificate."""

import asyncio
import logging
import secrets
from dataclasses import dataclass
from pathlib import Path

from device_runtime.errors import CygnetError
from device_runtime.host.identity_folder import IdentityFolder
from device_runtime.host.provisioning import Provisioning
from device_runtime.sync.certificates import (
    Holder,
    certificates_from_pem,
    certification_request,
    holder_of,
)
from device_runtime.sync.claim_codes import signing_key
from device_runtime.sync.identity import believe
from device_runtime.sync.identity_messages import ClaimRequest, IdentityAnswer, claim_bytes
from device_runtime.sync.messages import check_identifier, decode_response, encode, topic
from device_runtime.sync.transport import Backoff, MqttTransport, TlsFiles, TransportError

log = logging.getLogger(__name__)

_ASK_AGAIN = 10.0


class ClaimError(CygnetError):
    """The device was not let in; the sentence says why, and holds no code."""


@dataclass(frozen=True, slots=True)
class ClaimAccess:
    """How a device without an identity reaches its fleet: the broker's URL, and the files of the provisioning
    certificate."""

    broker: str
    tls: TlsFiles


async def claim(
    access: ClaimAccess, code: str, device: str, folder: IdentityFolder, *, patience: float = 120.0
) -> Provisioning:
    """Get an identity and write it to ``folder``; without an answer that helps, nothing there changes.

    Args:
        access: how to reach the fleet.
        code: the claim code, as it was typed.
        device: the id that the device would like; empty where the claim names it.
        folder: where the identity goes. A claim that was answered into the void is taken up with the same key.
        patience: seconds until the device gives up.

    Raises:
        ClaimCodeError: the code is mistyped.
        ClaimError: the fleet refuses, or does not answer in time.
        IdentityError: what answers is not this fleet, or the provisioning certificate is none.
        IdentityFolderError: the disk refuses.
        TransportError: the broker's URL or a file is wrong.
    """
    if device:
        check_identifier("device", device)
    signer = signing_key(code)
    holder = _claimer(access.tls.certificate)
    trusted = certificates_from_pem(_read(access.tls.ca), str(access.tls.ca))
    key = folder.pending_key()
    csr = certification_request(key, device or holder.name)
    request = ClaimRequest(
        secrets.token_hex(16),
        csr,
        signer.public_key().public_bytes_raw(),
        signer.sign(claim_bytes(holder.fleet, device, csr)),
        device,
    )
    answer = await _Conversation(access, holder, request).run(patience)
    document = believe(answer, holder.fleet, key.public_key(), trusted, device)
    files = folder.stage(document, key)
    return folder.found(document, files, access.broker if not document.broker else "")


class _Conversation:
    """One request until it is answered; a :class:`TransportListener`."""

    def __init__(self, access: ClaimAccess, holder: Holder, request: ClaimRequest) -> None:
        self._request, self._fleet, self._as = request, holder.fleet, holder.name
        self._transport = MqttTransport(
            access.broker, f"cygnet-claim-{secrets.token_hex(8)}", tls=access.tls, backoff=Backoff(0.5, 10.0)
        )
        self._transport.subscribe(topic(self._fleet, self._as, "response"))
        # None: the connection ended, and with it the hope of an answer over it.
        self._answers: asyncio.Queue[IdentityAnswer | None] = asyncio.Queue()

    async def run(self, patience: float) -> IdentityAnswer:
        """The fleet's answer."""
        self._transport.start(self)
        try:
            async with asyncio.timeout(patience):
                while True:
                    answer = await self._ask()
                    if answer is None:
                        continue
                    if not answer.error:
                        return answer
                    if not answer.retry_after:
                        raise ClaimError(answer.error)
                    log.info("%s", answer.error)
                    await asyncio.sleep(answer.retry_after)
        except TimeoutError as error:
            why = self._transport.trouble or "the fleet does not answer: check that it runs"
            raise ClaimError(f"this device was not let in within {patience:g} s: {why}") from error
        finally:
            await self._transport.stop()

    async def _ask(self) -> IdentityAnswer | None:
        await self._transport.online()
        while not self._answers.empty():
            if (answer := self._answers.get_nowait()) is not None:
                return answer
        try:
            await self._transport.publish(topic(self._fleet, self._as, "request"), encode(self._request))
            async with asyncio.timeout(_ASK_AGAIN):
                return await self._answers.get()
        except (TransportError, TimeoutError) as error:
            log.debug("the claim is sent again: %s", error)
            await asyncio.sleep(0.2)
            return None

    def will(self) -> None:
        """None: nobody waits for this connection."""

    def on_connected(self) -> None:
        """The conversation sees to it."""

    def on_disconnected(self, reason: str) -> None:
        """Others claim with the same certificate, and some brokers let one in at a time: it is asked again."""
        log.debug("%s", reason)
        self._answers.put_nowait(None)

    def on_message(self, _topic: str, payload: bytes, retained: bool) -> None:
        """An answer: to this claim, or to another with the same certificate."""
        if retained:
            return
        try:
            answer = decode_response(payload)
        except CygnetError as error:
            log.debug("an answer is dropped: %s", error)
            return
        if isinstance(answer, IdentityAnswer) and answer.id == self._request.id:
            self._answers.put_nowait(answer)


def _claimer(path: Path | None) -> Holder:
    certificate = certificates_from_pem(_read(path), str(path))[0]
    holder = holder_of(certificate)
    if holder is None or holder.kind != "claim":
        raise ClaimError(
            f"{path} is no provisioning certificate of a Cygnet fleet; `cygnet fleet identity init` makes one"
        )
    return holder


def _read(path: Path | None) -> bytes:
    if path is None:
        raise ClaimError("claiming needs the provisioning certificate and the CA file of the fleet")
    try:
        return path.read_bytes()
    except OSError as error:
        raise ClaimError(f"{path} cannot be read: {error.strerror}") from error
