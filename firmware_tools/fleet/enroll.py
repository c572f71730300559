"""The provisioning document: what a device must be told before it can join a fleet. It holds no secret."""

from dataclasses import dataclass

from firmware_tools.fleet.home import toml_string


@dataclass(frozen=True, slots=True)
class Provisioning:
    """What ``device_runtime/host/provisioning.py`` reads. ``fleet_key`` is the public key in base64."""

    fleet: str
    device: str
    broker: str
    fleet_key: str
    username: str = ""
    password_file: str = ""

    def to_toml(self) -> str:
        """The file's text."""
        members = {"fleet": self.fleet, "device": self.device, "broker": self.broker, "fleet_key": self.fleet_key}
        if self.username:
            members["username"] = self.username
        if self.password_file:
            members["password_file"] = self.password_file
        lines = [f"{name} = {toml_string(value)}" for name, value in members.items()]
        return f"# Makes this device {self.device} of the fleet {self.fleet}.\n" + "\n".join(lines) + "\n"
