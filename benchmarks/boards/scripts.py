"""What runs on the boards themselves while they are measured: MicroPython, as text."""

HEAP_PREFIX = "bench heap "
TIMES_PREFIX = "bench times "

# Before the loader. The task waits in the queue of asyncio until the runtime starts its loop.
WATCH_HEAP = f"""
import asyncio, gc, sys
async def _watch_heap():
    while True:
        await asyncio.sleep(1)
        gc.collect()
        print({HEAP_PREFIX!r} + str(gc.mem_alloc()) + " " + str(gc.mem_free()))
asyncio.create_task(_watch_heap())
gc.collect()
print({HEAP_PREFIX!r} + str(gc.mem_alloc()) + " " + str(gc.mem_free()) + " bare")
"""

# The same without the task, to see what that takes.
BARE_HEAP = f"""
import asyncio, gc, sys
gc.collect()
print({HEAP_PREFIX!r} + str(gc.mem_alloc()) + " " + str(gc.mem_free()) + " bare")
"""

# The wire to the display ends in nothing, so that a board without one draws; the display would keep the picture itself.
NO_WIRE = """
import machine, sys
class _Bus:
    def __init__(self, *_, **__): pass
    def writeto(self, *_): pass
    writevto = writeto
class _Machine:
    I2C = _Bus
    def __getattr__(self, name): return getattr(machine, name)
sys.modules["machine"] = _Machine()
"""

# A module of the runtime's package, compiled with it: it knows the short names that boards have.
# `Pin` and the others stand in the place of what `machine` has, on both boards alike.
TIMES = """
import asyncio, gc, json, os, sys, time
from .sync.stage import Stage

COMPARED = 2

class Pin:
    OUT = 1
    IN = 0
    PULL_UP = 1
    PULL_DOWN = 2
    levels = {}
    def __init__(self, pin, mode=0, pull=0, value=None):
        self.pin = pin
        if value is not None or pull:
            Pin.levels[pin] = pull & 1 if value is None else value
    def __call__(self, value=None):
        if value is None:
            return Pin.levels[self.pin]
        Pin.levels[self.pin] = value

class PWM:
    def __init__(self, pin): pass
    def freq(self, hertz): pass
    def duty_u16(self, duty): pass
    def deinit(self): pass

class ADC:
    def __init__(self, pin): pass
    def read_u16(self): return 0

class I2C:
    drawn = 0
    count = 0
    frame = None
    window = []
    def __init__(self, *_, **__): pass
    def writeto(self, address, data):
        I2C.count += 1 + len(data)
        if I2C.frame is not None:
            I2C.window = (I2C.window + [data[1]])[-6:]
    def writevto(self, address, parts):
        I2C.count += 2 + len(parts[1])
        if I2C.frame is not None:
            _, left, right, _, top, last = I2C.window
            wide = right - left + 1
            for row in range(top, last + 1):
                at = (row - top) * wide
                I2C.frame[row * 128 + left:row * 128 + right + 1] = parts[1][at:at + wide]
        I2C.drawn = time.ticks_us()

class Machine:
    pass

class Wires:
    def i2c(self, part): return I2C()

class Services:
    said = ""
    def record(self, source, name, values): return True
    def log(self, level, source, text):
        Services.said = text

def tell(measure, way, values):
    print("bench times " + json.dumps([measure, way, values]))

def begin():
    I2C.drawn = 0
    I2C.count = 0
    gc.collect()
    return time.ticks_us()

def since(began):
    if not I2C.drawn:
        raise Exception("nothing was drawn; it said last: " + Services.said)
    return time.ticks_diff(I2C.drawn, began)

class Bench:
    def __init__(self, root, board):
        self.root = root
        self.board = board
        self.services = Services()
        self.stage = Stage(root, self.services, self.services.log)
        self.select = board["buttons"]["select"]["pin"]

    async def start(self, app_id):
        began = begin()
        await self.stage.start(app_id, self.root + app_id)
        return since(began)

    async def starts(self, app_id, times, by_hand):
        # The program of the last one stays, for the events.
        ours, hand = [], []
        for _ in range(times):
            await self.stage.stop()
            if by_hand:
                hand.append(self.start_by_hand())
            ours.append(await self.start(app_id))
        tell("start " + app_id, "cygnet", ours)
        if by_hand:
            tell("start " + app_id, "by hand", hand)

    def start_by_hand(self):
        sys.modules.pop("micro.hand", None)
        sys.modules.pop("micro.screen.ssd1306", None)
        began = begin()
        from .hand import Counter
        self.counter = Counter(self.driver())
        return since(began)

    def driver(self):
        from .screen.ssd1306 import Ssd1306
        return Ssd1306(self.board["display"], Wires())

    async def events(self, app_id, times, by_hand):
        host = self.stage._host
        host.screen.next()
        if by_hand == COMPARED:
            I2C.frame = bytearray(1024)
            host.screen._painter._paper = -1
            host.screen.redraw()
            self.press(host)
            ours = I2C.frame
            I2C.frame = bytearray(1024)
            self.start_by_hand()
            self.counter.press()
            tell("pictures", "", [list(ours), list(I2C.frame)])
            I2C.frame = None
        works, hands, edges, sent, hand_sent = [], [], [], [], []
        for _ in range(times):
            began = begin()
            self.press(host)
            works.append(since(began))
            sent.append(I2C.count)
            if by_hand:
                began = begin()
                self.counter.press()
                hands.append(since(began))
                hand_sent.append(I2C.count)
            edges.append(await self.edge())
        tell("event " + app_id, "cygnet", works)
        tell("edge " + app_id, "cygnet", edges)
        tell("bus " + app_id, "cygnet", sent)
        if by_hand:
            tell("event " + app_id, "by hand", hands)
            tell("bus " + app_id, "by hand", hand_sent)
        if not self.stage.running:
            raise Exception(app_id + " was ended: " + Services.said)
        await self.stage.stop()

    def press(self, host):
        if host.program is None:
            raise Exception("it was ended: " + Services.said)
        host._button(host.program, "select", True)
        host._draw()

    async def edge(self):
        # At any moment between two looks at the buttons, and not before the last press was over.
        await asyncio.sleep_ms(80 + os.urandom(1)[0] % 16)
        began = begin()
        Pin.levels[self.select] = 0
        while not I2C.drawn:
            await asyncio.sleep_ms(1)
        took = since(began)
        Pin.levels[self.select] = 1
        await asyncio.sleep_ms(80)
        return took

async def measure(root, board, plan):
    bench = Bench(root, board)
    for app_id, starts, events, by_hand in plan:
        await bench.starts(app_id, starts, by_hand)
        await bench.events(app_id, events, by_hand)

def main(root, plan):
    for each in (Pin, PWM, ADC, I2C):
        setattr(Machine, each.__name__, each)
    sys.modules["machine"] = Machine
    gc.threshold(8192)
    with open(root + "cygnet/board.json") as file:
        board = json.load(file)
    asyncio.run(measure(root, board, plan))
"""

# What somebody writes who has framebuf and a driver, and no page.
BY_HAND = """
import framebuf

class Counter:
    def __init__(self, display):
        self.display = display
        self.buffer = bytearray(1024)
        self.frame = framebuf.FrameBuffer(self.buffer, 128, 64, framebuf.MONO_VLSB)
        self.count = 0
        self.draw()

    def press(self):
        self.count += 1
        self.draw()

    def draw(self):
        frame = self.frame
        frame.fill(0)
        frame.text("Count: " + str(self.count), 0, 1, 1)
        frame.fill_rect(0, 11, 128, 13, 1)
        frame.text("More", 48, 14, 0)
        self.display.send(0, 0, 128, 64, self.buffer)
"""

COUNTER = {
    "pages/index/index.py": """
from cygnet import Page


class Index(Page):
    data = {"count": 0}

    def more(self, event):
        self.set_data({"count": self.data["count"] + 1})
""",
    "pages/index/index.wxml": '<text>Count: {{count}}</text><button bindtap="more">More</button>',
}
"""The page that is drawn by hand, too."""
