"""The schema of boards that run MicroPython, and what such a board itself is told (``/cygnet/board.json``).

``docs/board-maker.md`` holds the table of keys, and a test compares.
"""

import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from device_runtime.host.board_file import key, table_key

Pin: TypeAlias = int | str
"""A pin as ``machine.Pin`` takes it: a number, or the port's own name (``"LED"``, ``"X9"``)."""

Place: TypeAlias = tuple[str, ...]
_USB_ID = re.compile(r"[0-9a-f]{4}:[0-9a-f]{4}")
# What a display is wired with, by its bus.
_WIRES = {"i2c": ("sda", "scl"), "spi": ("sck", "mosi", "dc", "cs")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Flash:
    """How firmware gets onto the board, and how the board is told from others."""

    method: Literal["esp", "uf2", "hex", "dfu", "none"] = key(
        "`esp`: ROM loader of Espressif's chips; `uf2`, `hex`: a drive that takes such files; `dfu`: USB device "
        "firmware upgrade; `none`: nothing to flash"
    )
    chip: str = key("chip: `rp2040`, `esp32s3`, `stm32f722`, …", default="")
    usb: tuple[str, ...] = key(
        "USB ids (`vid:pid`, small letters) of the port with MicroPython on it, or of the board's serial bridge",
        default=(),
    )
    bootloader: tuple[str, ...] = key("USB ids of its boot loader, if it has others", default=())
    drives: tuple[str, ...] = key(
        "what the boot loader's drive calls the board: `Board-ID` in INFO_UF2.TXT, or the first four characters of the "
        "id in DETAILS.TXT",
        default=(),
    )
    flash_kb: int = key("flash memory in KiB", default=0, minimum=0, maximum=1048576)
    offset: int = key("where in the flash firmware is written (ESP32)", default=0, minimum=0, maximum=2**32)
    firmware: str = key("name of its firmware as MicroPython's build calls it: `RPI_PICO_W`", default="")
    machines: tuple[str, ...] = key("what `os.uname().machine` begins with, for firmware before 1.25", default=())
    baud: int = key("speed of the ROM loader in bit/s", default=460800, minimum=9600, maximum=4000000)
    bootloader_help: str = key("one sentence: how a person brings the board into its boot loader", default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What MicroPython has."""

    ram_kb: int = key("RAM of the chip in KiB", default=0, minimum=0, maximum=65536)
    heap_kb: int = key(
        "free heap of the bare firmware in KiB, where it was seen; 0 says nothing", default=0, minimum=0, maximum=65536
    )
    filesystem_kb: int = key("file system in KiB", default=0, minimum=0, maximum=1048576)
    romfs_kb: int = key(
        "ROM partition of its stock firmware in KiB, from which the runtime runs in place; the board is asked, too",
        default=0,
        minimum=0,
        maximum=1048576,
    )
    filesystem: Literal["littlefs", "fat", "none"] = key(
        "what it is formatted as by the firmware; `none`: there is none that holds Cygnet", default="littlefs"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """How the board reaches its fleet."""

    wifi: bool = key("if it has Wi-Fi", default=False)
    country: str = key("regulatory domain of its Wi-Fi, two letters", default="")
    signature: Literal["ed25519", "hmac"] = key(
        "how it checks what the fleet desires: `hmac`, with a key of its own, where Ed25519 takes too long",
        default="ed25519",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Display:
    """A small screen."""

    driver: Literal["ssd1306", "st7789", "none"] = key("its controller")
    width: int = key("pixels across", minimum=8, maximum=1024)
    height: int = key("pixels down", minimum=8, maximum=1024)
    bus: Literal["i2c", "spi"] = key("what it is wired to", default="i2c")
    id: int = key("number of the bus, as `machine.I2C` or `machine.SPI` takes it", default=0, minimum=-1, maximum=16)
    sda: Pin | None = key("data of I2C", default=None, minimum=0, maximum=255)
    scl: Pin | None = key("clock of I2C", default=None, minimum=0, maximum=255)
    address: int = key("address on the I2C bus", default=60, minimum=1, maximum=127)
    sck: Pin | None = key("clock of SPI", default=None, minimum=0, maximum=255)
    mosi: Pin | None = key("data of SPI", default=None, minimum=0, maximum=255)
    dc: Pin | None = key("data or command", default=None, minimum=0, maximum=255)
    cs: Pin | None = key("chip select", default=None, minimum=0, maximum=255)
    reset: Pin | None = key("reset; left out, it is wired to the board's", default=None, minimum=0, maximum=255)
    backlight: Pin | None = key("backlight; left out, it is always on", default=None, minimum=0, maximum=255)
    rotation: Literal[0, 90, 180, 270] = key("degrees clockwise", default=0)
    x_offset: int = key("first column of the controller's memory that is seen", default=0, minimum=0, maximum=1024)
    y_offset: int = key("first row of the controller's memory that is seen", default=0, minimum=0, maximum=1024)
    frequency: int = key("clock of the bus in Hz; 0 takes the driver's", default=0, minimum=0, maximum=100000000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Led:
    """A light, or a strip of addressable ones."""

    pin: Pin = key("pin of the light", minimum=0, maximum=255)
    low: bool = key("if it shines when the pin is low", default=False)
    pwm: bool = key("if it may be dimmed", default=False)
    pixels: int = key("number of WS2812 pixels; 0 is a plain light", default=0, minimum=0, maximum=1024)


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A button."""

    pin: Pin = key("pin of the button", minimum=0, maximum=255)
    low: bool = key("if the pin is low when it is pressed; it is then pulled up", default=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Buzzer:
    """A piezo buzzer that is driven by PWM."""

    pin: Pin = key("pin of the buzzer", minimum=0, maximum=255)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """Something that gives a number: ``scale`` x what the driver reads + ``offset``."""

    driver: Literal["adc", "aht20", "dht11", "dht22", "ds18x20"] = key(
        "`adc`: an analogue input, read in volts; `aht20` on I2C, `dht11`, `dht22`, `ds18x20` on a pin: C or %"
    )
    pin: Pin | None = key("pin or channel, of all but `aht20`", default=None, minimum=0, maximum=255)
    id: int = key("number of the I2C bus (`aht20`)", default=0, minimum=-1, maximum=16)
    sda: Pin | None = key("data of I2C (`aht20`); a display may be on the same", default=None, minimum=0, maximum=255)
    scl: Pin | None = key("clock of I2C (`aht20`)", default=None, minimum=0, maximum=255)
    address: int = key("address on the I2C bus (`aht20`)", default=56, minimum=1, maximum=127)
    quantity: Literal["temperature", "humidity"] = key("which of two a sensor is asked for", default="temperature")
    scale: float = key("what a reading is multiplied by", default=1.0, minimum=-1e9, maximum=1e9)
    offset: float = key("what is then added", default=0.0, minimum=-1e9, maximum=1e9)
    unit: str = key("unit of the result", default="")

    @property
    def needs(self) -> tuple[str, ...]:
        """The wires that its driver takes."""
        return ("sda", "scl") if self.driver == "aht20" else ("pin",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """An I2S microphone or amplifier."""

    driver: Literal["i2s"] = key("how it is wired", default="i2s")
    id: int = key("number of the I2S bus", default=0, minimum=0, maximum=8)
    sck: Pin = key("bit clock", minimum=0, maximum=255)
    ws: Pin = key("word select", minimum=0, maximum=255)
    sd: Pin = key("data", minimum=0, maximum=255)
    enable: Pin | None = key("pin that wakes it; left out, it is always awake", default=None, minimum=0, maximum=255)
    bits: Literal[16, 32] = key("bits a sample", default=16)
    rate: int = key("samples a second", default=16000, minimum=8000, maximum=96000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What a program may use."""

    event_ms: int = key("time that one event may take, in ms", default=2000, minimum=50, maximum=60000)
    heap_kb: int = key("heap that a program may fill, in KiB", default=48, minimum=4, maximum=65536)
    nodes: int = key("nodes that one page may have", default=200, minimum=10, maximum=10000)
    trial_seconds: int = key("how long a new version must run well before it is kept", 10, 1, 3600)


@dataclass(frozen=True, slots=True, kw_only=True)
class Privacy:
    """Who agrees to what programs may send."""

    organisation: str = key(
        "whose board this is, if it is no person's: what its programs declare is agreed to then; empty: nothing is, "
        "until `cygnet board privacy` says so",
        default="",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MicroBoard:
    """One board that runs MicroPython."""

    kind: Literal["micropython"] = key("`micropython` chooses this schema")
    name: str = key("short name, as the file is called")
    description: str = key("one line for people")
    simulated: bool = key("if its parts are files and memory: MicroPython's unix port", default=False)
    watchdog: int = key("seconds after which the hardware resets a board that hangs; 0: none", 0, 0, 600)
    flash: Flash = key("how firmware gets onto it")
    memory: Memory = key("what MicroPython has", default=Memory())
    network: Network = key("how it reaches its fleet", default=Network())
    display: Display | None = key("a small screen", default=None)
    leds: Mapping[str, Led] = table_key("lights, each by a name that programs use")
    buttons: Mapping[str, Button] = table_key("buttons, each by a name that programs use")
    buzzer: Buzzer | None = key("a buzzer", default=None)
    sensors: Mapping[str, Sensor] = table_key("sensors, each by a name that programs use")
    microphone: Sound | None = key("a microphone", default=None)
    speaker: Sound | None = key("a loudspeaker", default=None)
    program: Program = key("what a program may use", default=Program())
    privacy: Privacy = key("who agrees to what programs may send", default=Privacy())

    def faults(self) -> Iterator[tuple[Place, str]]:
        """What no single key shows: ids of the wrong form, wires that are missing, pins that are used twice."""
        for name in ("usb", "bootloader"):
            for usb_id in getattr(self.flash, name):
                if not _USB_ID.fullmatch(usb_id):
                    yield (
                        ("flash", name),
                        f"'flash.{name}' must hold ids like '2e8a:0005' (small letters), not {usb_id!r}",
                    )
        if self.display and self.display.driver != "none" and not self.simulated:
            for wire in _WIRES[self.display.bus]:
                if getattr(self.display, wire) is None:
                    yield ("display",), f"the key 'display.{wire}' is missing: a display on {self.display.bus} needs it"
        for name, sensor in self.sensors.items():
            for wire in sensor.needs:
                if getattr(sensor, wire) is None:
                    missing = f"sensors.{name}.{wire}"
                    yield ("sensors", name), f"the key {missing!r} is missing: the driver {sensor.driver} needs it"
        used: dict[Pin, str] = {}
        for place, pin in self._pins():
            name = ".".join(place)
            other = used.setdefault(pin, name)
            if other != name and not self.simulated:
                yield place, f"pin {pin!r} of {name!r} is that of {other!r}, too; give one of them another"

    def _pins(self) -> Iterator[tuple[Place, Pin]]:
        """All pins but those of sensors, which may be channels."""
        for name in ("leds", "buttons"):
            for chosen, part in getattr(self, name).items():
                yield (name, chosen, "pin"), part.pin
        wires = {
            "buzzer": ("pin",),
            "display": ("sda", "scl", "sck", "mosi", "dc", "cs", "reset", "backlight"),
            "microphone": ("sck", "ws", "sd", "enable"),
            "speaker": ("sck", "ws", "sd", "enable"),
        }
        for name, members in wires.items():
            for member in members:
                pin = getattr(getattr(self, name), member, None)
                if pin is not None:
                    yield (name, member), pin


def capabilities(board: MicroBoard) -> frozenset[str]:
    """The names of the capabilities that programs find on the board; the rest is refused there."""
    parts = {
        "led.set": bool(board.leds),
        "buzzer.play": board.buzzer is not None,
        "sensor.read": bool(board.sensors),
        "inference.listen": board.microphone is not None,
        "inference.stop": board.microphone is not None,
    }
    always = (
        "device.info", "telemetry", "storage.get", "storage.set", "storage.remove", "inference.open", "inference.run",
        "inference.close",
    )  # fmt: skip
    return frozenset((*always, *(name for name, there in parts.items() if there)))


def board_document(board: MicroBoard) -> dict[str, Any]:
    """What the board itself is told of its parts, ready for JSON: parts that it lacks, and defaults, are left out."""
    document: dict[str, Any] = {
        "name": board.name,
        "wifi": board.network.wifi,
        "watchdog": board.watchdog,
        "country": board.network.country,
        "program": _plain(board.program),
    }
    if board.simulated:
        document["simulated"] = True
    if board.privacy.organisation:
        document["organisation"] = board.privacy.organisation
    for name in ("display", "buzzer", "microphone", "speaker"):
        part = getattr(board, name)
        if part is not None and getattr(part, "driver", "") != "none":
            document[name] = _plain(part)
    for name in ("leds", "buttons", "sensors"):
        table = {chosen: _plain(part) for chosen, part in getattr(board, name).items()}
        if table:
            document[name] = table
    for part in document.get("sensors", {}).values():
        for member in () if part["driver"] == "aht20" else ("id", "address"):
            del part[member]
    return document


def _plain(part: Any) -> dict[str, Any]:
    """A part's members; of optional ones only those that say something, since a board's memory is small."""
    plain = {}
    for item in dataclasses.fields(part):
        value = getattr(part, item.name)
        zero = type(value) is int and item.default == 0 and item.name != "id"
        optional = item.default is None or item.default is False or zero
        if not (optional and value == item.default):
            plain[item.name] = value
    return plain
