"""The microphone on I2S, with a stand-in for ``machine.I2S``: the pins it is given, and the samples that come of it."""

from typing import Any

from tests.micro.board import run_json

_SCRIPT = """
import asyncio, io, sys
calls = []
class Pin:
    OUT = 1
    def __init__(self, pin, mode=None, value=None): calls.append(["pin", pin, value]); self.pin = pin
    def __call__(self, value): calls.append(["set", self.pin, value])
    def __repr__(self): return str(self.pin)
class I2S(io.IOBase):
    RX, MONO = 7, 8
    def __init__(self, number, **named):
        calls.append(["i2s", number, {key: str(value) for key, value in named.items()}])
        self.left = bytes(given["sound"])
    def ioctl(self, request, argument): return argument & 1 if request == 3 else 0
    def readinto(self, buffer):
        count = min(len(buffer), given["most"], len(self.left))
        buffer[:count] = self.left[:count]
        self.left = self.left[count:]
        return count
    def deinit(self): calls.append(["deinit"])
class Machine: pass
machine = Machine()
machine.Pin, machine.I2S = Pin, I2S
sys.modules["machine"] = machine
from micro.sound.microphone import Microphone
async def main():
    microphone, step, steps, error = Microphone(given["part"]), memoryview(bytearray(320)), [], ""
    try:
        while True:
            await microphone.fill(step)
            steps.append(list(step))
    except OSError as fault: error = str(fault)
    microphone.close()
    answer({"calls": calls, "steps": steps, "error": error})
asyncio.run(main())
"""


def read(micropython: str, tmp_path: Any, sound: list[int], most: int = 4096, **part: Any) -> Any:
    given = {"part": {"sck": 4, "ws": 5, "sd": 6, **part}, "sound": sound, "most": most}
    return run_json(micropython, _SCRIPT, given, tmp_path)


def test_samples_of_16_bits_come_as_they_are_in_pieces_of_any_size(micropython: str, tmp_path: Any) -> None:
    sound = [value % 251 for value in range(960)]
    for most in (320, 7, 319):
        answer = read(micropython, tmp_path, sound, most)
        assert [byte for step in answer["steps"] for byte in step] == sound
        assert answer["error"] == "it gives no sound"
    bus = answer["calls"][3]
    assert (bus[:2], bus[2]["rate"], bus[2]["bits"], bus[2]["ibuf"]) == (["i2s", 0], "16000", "16", "8000")
    assert (bus[2]["sck"], bus[2]["ws"], bus[2]["sd"], bus[2]["mode"], bus[2]["format"]) == ("4", "5", "6", "7", "8")


def test_of_samples_of_32_bits_the_upper_halves_are_heard(micropython: str, tmp_path: Any) -> None:
    samples = [value * 1_000_003 % 2**32 for value in range(320)]
    sound = [byte for sample in samples for byte in sample.to_bytes(4, "little")]
    answer = read(micropython, tmp_path, sound, 333, id=1, bits=32)
    upper = [byte for sample in samples for byte in sample.to_bytes(4, "little")[2:]]
    assert [byte for step in answer["steps"] for byte in step] == upper
    assert answer["calls"][3][1] == 1


def test_a_pin_that_wakes_the_microphone_is_set_while_it_listens(micropython: str, tmp_path: Any) -> None:
    answer = read(micropython, tmp_path, [], enable=9)
    assert answer["calls"][0] == ["pin", 9, 1]
    assert answer["calls"][-2:] == [["deinit"], ["set", 9, 0]]
