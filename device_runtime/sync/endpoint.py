"""A broker and who we are to it, and what it means when the two do not come together."""

import socket
import ssl
from dataclasses import dataclass, field

from paho.mqtt.reasoncodes import ReasonCode

CONNECT_SECONDS = 10.0
"""How long TCP, TLS and the broker's CONNACK may each take."""
_OTHER_NAME = frozenset({62, 64})  # X509_V_ERR_HOSTNAME_MISMATCH and _IP_ADDRESS_MISMATCH of OpenSSL
_UNSPECIFIED = 128  # MQTT 5, 2.4: what paho gives where no broker gave a reason


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client shows the broker. The password is in no ``repr``, log or error."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A broker and who we are to it."""

    host: str
    port: int
    client_id: str
    credentials: Credentials | None
    tls: ssl.SSLContext | None
    keepalive: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"


def explain_failure(error: Exception, endpoint: Endpoint) -> str:
    """Why there is no connection, for a person."""
    match error:
        case ssl.SSLCertVerificationError() if error.verify_code in _OTHER_NAME:
            return (
                f"{endpoint} shows a certificate for another name ({error.verify_message.rstrip('.')}): "
                "call the broker by a name that its certificate holds"
            )
        case ssl.SSLCertVerificationError():
            return f"{endpoint} shows a certificate that is not trusted ({error.verify_message}): check the CA file"
        case ssl.SSLError():
            return f"{endpoint}: TLS fails ({error.reason or error}): check that this port speaks TLS"
        case socket.gaierror():
            return f"{endpoint}: the host name {endpoint.host} is not known: check its spelling and the network"
        case TimeoutError():
            return f"{endpoint} does not answer within {CONNECT_SECONDS:g} s: check the address and the network"
        case ConnectionRefusedError():
            return f"{endpoint}: nothing listens there: check that the broker runs, and its port"
        case OSError() if error.strerror:
            return f"{endpoint} cannot be reached: {error.strerror}"
        case _:
            return f"{endpoint} cannot be reached: {error}"


def explain_end(reason: ReasonCode) -> str:
    """Why a connection ended."""
    if reason.value == _UNSPECIFIED:
        return "the network or the broker cut it off, or another client of the same id took it over"
    return str(reason)


def explain_refusal(reason: ReasonCode, endpoint: Endpoint) -> str:
    """Why the broker does not let us in."""
    who = f"user {endpoint.credentials.user}" if endpoint.credentials else "a client without a user name"
    if reason.value in (134, 135):  # bad user name or password; not authorized
        return f"{endpoint} refuses {who} ({reason}): check the user name and password"
    return f"{endpoint} refuses the connection: {reason}"
