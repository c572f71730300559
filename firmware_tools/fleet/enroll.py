"""The provisioning document: what a device must be told before it can join a fleet. It holds no secret."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from firmware_tools.fleet.home import toml_string


@dataclass(frozen=True, slots=True)
class Provisioning:
    """What ``device_runtime/host/provisioning.py`` reads. ``fleet_key`` is the public key in base64; the files are
    paths on the device."""

    fleet: str
    device: str
    broker: str
    fleet_key: str
    username: str = ""
    password_file: str = ""
    ca: str = ""
    cert: str = ""
    key: str = ""
    root: str = ""
    """The fleet's root of trust, as ``version:SHA-256``; empty where it has none."""
    device_key: str = field(default="", repr=False)
    """Of a board that checks MACs: the key that it shares with the fleet, base64. It is a secret, and in no file."""

    def to_toml(self) -> str:
        """The file's text."""
        members = {"fleet": self.fleet, "device": self.device, "broker": self.broker, "fleet_key": self.fleet_key}
        members["root"] = self.root
        optional = {"username": self.username, "password_file": self.password_file}
        tls = {"ca": self.ca, "cert": self.cert, "key": self.key}
        lines = [f"# Makes this device {self.device} of the fleet {self.fleet}.", *_lines(members), *_lines(optional)]
        if any(tls.values()):
            lines += ["", "[tls]", *_lines(tls)]
        return "\n".join(lines) + "\n"


def _lines(members: Mapping[str, str]) -> list[str]:
    return [f"{name} = {toml_string(value)}" for name, value in members.items() if value]
