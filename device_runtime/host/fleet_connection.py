"""How a device reaches the broker of its fleet, as its provisioning says."""

import secrets

from device_runtime.host.provisioning import Provisioning
from device_runtime.sync.transport import MqttTransport, TlsFiles, read_credentials


def uses_tls(provisioning: Provisioning) -> bool:
    """The broker is reached by TLS."""
    return provisioning.broker.startswith("mqtts://")


def make_transport(provisioning: Provisioning, *, with_certificate: bool) -> MqttTransport:
    """The connection, not yet started; ``with_certificate``: the device shows one of its own.

    Raises:
        CygnetError: the password file cannot be read.
    """
    user = provisioning.username
    client_id = f"cygnet-{provisioning.fleet}-{provisioning.device}"
    if with_certificate:
        # Some brokers do not tie a client's id to its certificate: who knows it may throw the client out. And NATS
        # takes no dots in it.
        client_id = f"{client_id.replace('.', '_')}-{secrets.token_hex(6)}"
    tls = TlsFiles(ca=provisioning.ca, certificate=provisioning.cert, key=provisioning.key)
    return MqttTransport(
        provisioning.broker,
        client_id,
        credentials=read_credentials(user, provisioning.password_file) if user else None,
        tls=tls if uses_tls(provisioning) else None,
    )
