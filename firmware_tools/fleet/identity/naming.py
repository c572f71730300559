"""Which ids a device may have that has a certificate."""

import re

from device_runtime.sync.messages import check_identifier
from firmware_tools.fleet.errors import FleetError

_RESERVED = re.compile(r"(?:claim|probe)-.*")


def check_device(device: str) -> None:
    """Refuse ids that brokers' rights give to others.

    Raises:
        ProtocolError: it is no id.
        FleetError: it is reserved.
    """
    check_identifier("device", device)
    if _RESERVED.fullmatch(device):
        raise FleetError(
            f"{device} cannot be the id of a device with a certificate: ids that begin with claim- and probe- are the "
            "fleet's own"
        )
