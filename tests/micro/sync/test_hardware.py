"""The watchdog, Wi-Fi and the clock on ports that have them: played by modules with the ports' own calls."""

from pathlib import Path

from tests.micro.sync.mpy import run_micropython

MACHINE = """
import sys
class WDT:
    fed = 0
    def __init__(self, timeout):
        WDT.timeout = timeout
    def feed(self):
        WDT.fed += 1
class Timer:
    active = []
    def __init__(self, number):
        pass
    def init(self, period, callback):
        self.callback = callback
        Timer.active.append(self)
    def deinit(self):
        Timer.active.remove(self)
class machine:
    pass
machine.WDT, machine.Timer = WDT, Timer
sys.modules["machine"] = machine
from micro.watchdog import Watchdog
"""


def test_the_watchdog_is_fed_and_is_given_patience_for_what_blocks(micropython: str) -> None:
    code = (
        MACHINE
        + """
dog = Watchdog(30)
answer = [WDT.timeout]
dog.feed()
answer.append(WDT.fed)
dog.allow(3)
for _ in range(3):
    Timer.active[0].callback(Timer.active[0])
answer += [WDT.fed, len(Timer.active)]          # after its time nobody feeds it any more
dog.hold()
for _ in range(100):
    Timer.active[0].callback(Timer.active[0])
answer += [WDT.fed, len(Timer.active)]          # somebody works at the cable
dog.allow(3)
answer.append(len(Timer.active))
none = Watchdog(0)
none.feed()
none.allow(3)
"""
    )
    assert run_micropython(micropython, code) == [8000, 1, 5, 0, 106, 1, 1]


def test_a_port_without_a_watchdog_goes_on_without(micropython: str) -> None:
    code = """
from micro.watchdog import Watchdog, restart
dog = Watchdog(8)
dog.feed(); dog.allow(2); dog.hold()
answer = restart()
"""
    assert run_micropython(micropython, code) is False


NETWORK = """
import asyncio, sys
class WLAN:
    log = []
    reach = given
    def __init__(self, kind):
        self.name = ""
    def active(self, on):
        pass
    def isconnected(self):
        return self.name in WLAN.reach
    def connect(self, *whom):
        WLAN.log.append(list(whom))
        self.name = whom[0]
    def disconnect(self):
        self.name = ""
class network:
    STA_IF = 0
    def country(code):
        WLAN.log.append(code)
network.WLAN = WLAN
sys.modules["network"] = network
from micro import wifi
wifi._PATIENCE = 0
home = [{"ssid": "home", "password": "secret"}, {"ssid": "guest", "password": ""}]
"""


def test_the_first_network_that_lets_the_board_in_is_taken(micropython: str) -> None:
    code = (
        NETWORK
        + """
wifi._PATIENCE = 1
radio = wifi.Wifi(home, "NO")
asyncio.run(radio.connect())
asyncio.run(radio.connect())
answer = WLAN.log
"""
    )
    assert run_micropython(micropython, code, ["guest"]) == ["NO", ["home", "secret"], ["guest"]]


def test_without_a_network_in_reach_the_sentence_names_them(micropython: str) -> None:
    code = (
        NETWORK
        + """
try:
    asyncio.run(wifi.Wifi(home, "").connect())
except OSError as error:
    answer = str(error)
"""
    )
    sentence = run_micropython(micropython, code, [])
    assert sentence == "none of the Wi-Fi networks home, guest lets us in: are they in reach, and the passwords right?"


def test_the_clock_is_unknown_until_it_is_set_and_only_goes_forward(micropython: str) -> None:
    code = """
import time
from micro import clock
now = int(time.time())
clock.offset = -now
answer = [clock.now(), clock.set_now(1_700_000_000), clock.set_now(now), clock.now() - now < 5, clock.set_now(now - 60)]
answer.append(clock.set_now(now + 1000))
answer.append(0 <= clock.now() - now - 1000 < 5)
"""
    assert run_micropython(micropython, code) == [0, False, True, True, False, True, True]


def test_what_ntp_says_wrongly_is_gone_with_the_next_start(micropython: str, tmp_path: Path) -> None:
    (tmp_path / "cygnet").mkdir()
    code = """
import time
from micro import clock
from micro.sync.memory import Memory
clock.offset = 0
signed = int(time.time()) - 50
memory = Memory(given, {"time": signed - 100})
memory.time = signed
memory.save()
clock.offset = 80 * 365 * 86400        # whoever answered for the time server
memory = Memory(given, {})
memory.save()
clock.offset = -(10 ** 9)              # a start without a clock
answer = [Memory(given, {}).time - signed, clock.now() - signed]
"""
    stored, shown = run_micropython(micropython, code, f"{tmp_path}/")
    assert stored == 0
    assert 0 <= shown < 60


def test_an_answer_of_a_time_server_that_is_none_is_told_and_no_fault(micropython: str) -> None:
    code = """
import sys
class ntptime:
    def settime():
        raise given_error
sys.modules["ntptime"] = ntptime
from micro.sync.opening import ask_time
answer = []
for given_error in (OSError(110), ValueError("buffer too small")):
    answer.append(ask_time("pool", None, lambda *said: answer.append(said[2][:15])))
"""
    assert run_micropython(micropython, code) == ["no time from po", False] * 2


def test_a_clock_that_can_be_set_is_set(micropython: str) -> None:
    code = """
import sys, time
class RTC:
    def datetime(self, when):
        RTC.when = when
class machine:
    pass
machine.RTC = RTC
sys.modules["machine"] = machine
from micro import clock
assert clock.set_now(1_900_000_000)
answer = list(RTC.when)
"""
    assert run_micropython(micropython, code) == [2030, 3, 17, 6, 17, 46, 40, 0]


def test_a_time_further_than_a_port_can_count_is_no_fault(micropython: str) -> None:
    code = """
import sys
class RTC:
    def datetime(self, when):
        raise OverflowError("overflow converting long int to machine word")
class machine:
    pass
machine.RTC = RTC
sys.modules["machine"] = machine
from micro import clock
answer = [clock.set_now(2**53 - 1), clock.now() > 2**52]
"""
    assert run_micropython(micropython, code) == [True, True]
