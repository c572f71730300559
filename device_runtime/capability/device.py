"""``getNetworkType``, ``getBatteryInfo``, ``vibrateShort`` and ``vibrateLong``: small facts and acts of the board."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from device_runtime.capability.arguments import choice
from device_runtime.capability.registry import Caller, Capability, CapabilityError
from device_runtime.values import Value

# Milliseconds for each of WeChat's strengths.
_VIBRATION = {"heavy": 30, "medium": 20, "light": 15}
_LONG_MS = 400


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


def linux_battery(supplies: Path = Path("/sys/class/power_supply")) -> tuple[int, bool] | None:
    """Charge in percent and whether it rises, of this board's own battery; ``None`` where it has none.

    Read from https://docs.kernel.org/admin-guide/abi-testing.html (sysfs-class-power): a mouse's battery, which has
    the scope ``Device``, is not the board's.
    """
    for supply in sorted(supplies.iterdir()) if supplies.is_dir() else []:
        if _word(supply / "type") != "Battery" or _word(supply / "scope") == "Device":
            continue
        capacity = _word(supply / "capacity")
        if capacity.isdecimal():
            return min(int(capacity), 100), _word(supply / "status") in ("Charging", "Full")
    return None


def _word(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:  # many drivers leave one or the other out
        return ""


def battery_capabilities(battery: Callable[[], tuple[int, bool] | None] = linux_battery) -> list[Capability]:
    """``getBatteryInfo {}`` -> ``{level, isCharging, isLowPowerModeEnabled}``, on boards with a battery."""
    if battery() is None:
        return []

    async def get_battery_info(caller: Caller, arguments: Mapping[str, Value]) -> Value:  # noqa: ARG001 takes nothing
        found = battery()
        if found is None:
            raise CapabilityError("the battery was taken out")
        return {"level": found[0], "isCharging": found[1], "isLowPowerModeEnabled": False}

    return [Capability("getBatteryInfo", get_battery_info)]


def device_capabilities(
    network_type: Callable[[], str] = linux_network_type,
    vibrate: Callable[[int], Awaitable[None]] | None = None,
) -> list[Capability]:
    """``getNetworkType {}`` -> ``{networkType}``, and where the board can (``vibrate`` takes milliseconds)
    ``vibrateShort {type?}`` and ``vibrateLong {}``."""

    async def get_network_type(caller: Caller, arguments: Mapping[str, Value]) -> Value:  # noqa: ARG001 takes nothing
        return {"networkType": network_type()}

    capabilities = [Capability("getNetworkType", get_network_type)]
    if vibrate is not None:

        async def vibrate_short(caller: Caller, arguments: Mapping[str, Value]) -> Value:  # noqa: ARG001 anyone may
            await vibrate(_VIBRATION[choice(arguments, "type", _VIBRATION, "medium")])
            return None

        async def vibrate_long(caller: Caller, arguments: Mapping[str, Value]) -> Value:  # noqa: ARG001 anyone may
            await vibrate(_LONG_MS)
            return None

        capabilities.append(Capability("vibrateShort", vibrate_short))
        capabilities.append(Capability("vibrateLong", vibrate_long))
    return capabilities
