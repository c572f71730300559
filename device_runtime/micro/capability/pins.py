"""The board's pins: those of ``machine``, or simulated ones where ``board.json`` says so."""

try:
    from typing import TYPE_CHECKING, Any

    if TYPE_CHECKING:
        from .simulated import Simulated
except ImportError:
    pass


class Hardware:
    """``machine`` as drivers use it."""

    def output(self, pin: "int | str", low: bool) -> "Any":
        """A pin that is driven: ``pin(value)``; it begins switched off."""
        from machine import Pin

        return Pin(pin, Pin.OUT, value=1 if low else 0)

    def input(self, pin: "int | str", low: bool) -> "Any":
        """A pin that is read: ``pin()``; pulled to where it is when nobody presses."""
        from machine import Pin

        return Pin(pin, Pin.IN, Pin.PULL_UP if low else Pin.PULL_DOWN)

    def pwm(self, pin: "int | str") -> "Any":
        """A pin with ``freq(hertz)`` and ``duty_u16(level)``."""
        from machine import PWM, Pin

        return PWM(Pin(pin))

    def strip(self, pin: "int | str", pixels: int) -> "Any":
        """WS2812 pixels: ``strip[i] = (r, g, b)``, ``write()``."""
        from machine import Pin
        from neopixel import NeoPixel

        return NeoPixel(Pin(pin), pixels)

    def adc(self, pin: "int | str") -> "Any":
        """An analogue input: ``read_u16()``."""
        from machine import ADC

        return ADC(pin)

    def i2c(self, part: "dict[str, Any]") -> "Any":
        """The I2C bus of a part."""
        from machine import I2C, Pin

        return I2C(part.get("id", 0), sda=Pin(part["sda"]), scl=Pin(part["scl"]), freq=part.get("frequency") or 400_000)

    def spi(self, part: "dict[str, Any]") -> "Any":
        """The SPI bus of a part."""
        from machine import SPI, Pin

        return SPI(
            part.get("id", 0), baudrate=part.get("frequency") or 40_000_000, sck=Pin(part["sck"]),
            mosi=Pin(part["mosi"]), miso=None,
        )  # fmt: skip

    def microphone(self, part: "dict[str, Any]") -> "Any":
        """The microphone of a part: ``await fill(step)``, ``close()``."""
        from ..sound.microphone import Microphone

        return Microphone(part)


def hardware(root: str, board: "dict[str, Any]") -> "Hardware | Simulated":
    """The pins of this board."""
    if board.get("simulated"):
        from .simulated import Simulated

        return Simulated(root + "cygnet/pins/")
    return Hardware()
