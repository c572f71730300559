"""``getNetworkType`` and ``vibrateShort``: small facts and acts of the board itself."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from device_runtime.capability.arguments import choice
from device_runtime.capability.registry import Caller, Capability
from device_runtime.values import Value

# Milliseconds for each of WeChat's strengths.
_VIBRATION = {"heavy": 30, "medium": 20, "light": 15}


def linux_network_type(interfaces: Path = Path("/sys/class/net")) -> str:
    """How this board is connected, in WeChat's words: ``wifi``, ``unknown`` (a cable, a modem) or ``none``.

    Read from the kernel's list of interfaces: https://docs.kernel.org/admin-guide/abi-testing.html (sysfs-class-net).
    """
    found = "none"
    for interface in sorted(interfaces.iterdir()) if interfaces.is_dir() else []:
        if interface.name == "lo" or _state(interface) not in ("up", "unknown"):
            continue
        if (interface / "wireless").is_dir() or (interface / "phy80211").exists():
            return "wifi"
        found = "unknown"
    return found


def _state(interface: Path) -> str:
    try:
        return (interface / "operstate").read_text().strip()
    except OSError:  # it was unplugged between the listing and the reading
        return "down"


def device_capabilities(
    network_type: Callable[[], str] = linux_network_type,
    vibrate: Callable[[int], Awaitable[None]] | None = None,
) -> list[Capability]:
    """``getNetworkType {}`` -> ``{networkType}``, and where the board can (``vibrate`` takes milliseconds)
    ``vibrateShort {type?}``."""

    async def get_network_type(caller: Caller, arguments: Mapping[str, Value]) -> Value:  # noqa: ARG001 takes nothing
        return {"networkType": network_type()}

    capabilities = [Capability("getNetworkType", get_network_type)]
    if vibrate is not None:

        async def vibrate_short(caller: Caller, arguments: Mapping[str, Value]) -> Value:  # noqa: ARG001 anyone may
            await vibrate(_VIBRATION[choice(arguments, "type", _VIBRATION, "medium")])
            return None

        capabilities.append(Capability("vibrateShort", vibrate_short))
    return capabilities
