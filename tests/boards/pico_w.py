"""One emulated Pico W as a process of its own: what ``tests/boards/power.py`` starts.

It serves the board's USB console on a pseudo-terminal and says its path in one line of JSON. Of the emulated network
only what ``--reach`` maps can be reached; names are answered from ``--name``; all else is refused, so nothing leaves
this machine. On SIGTERM the power goes: the file system is written as it is at that instant.
"""

import argparse
import asyncio
import contextlib
import dataclasses
import json
import signal
import struct
import sys
from pathlib import Path
from typing import Any

from rp2040py.boards import BOARDS, resolve_firmware
from rp2040py.cli.pty_repl import PtyInteractiveRepl
from rp2040py.device import MicroPythonDevice
from rp2040py.external.cyw43 import Cyw43439, nat, net
from rp2040py.external.cyw43.bus import GSPIBus

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
_DNS_PORT = 53
_TTL_SECONDS = 60


class Network(nat.NatBridge):
    """The guest's way out, with a map in the place of the emulator's own, which would reach any address.

    Args:
        mcu: the emulated chip.
        send: gives the guest an Ethernet frame.
        reach: what an (address, port) of the guest's world is: a port of 127.0.0.1.
        names: the addresses that DNS answers, by name.
    """

    def __init__(self, mcu: Any, send: Any, reach: dict[tuple[str, int], int], names: dict[str, str]) -> None:
        super().__init__(mcu, send)
        self._reach = reach
        self._tcp = nat.TcpReflector(mcu, send, connect_fn=self._connect)
        self._udp = Names(mcu, send, names)

    async def _connect(self, address: str, port: int) -> Streams:
        if (address, port) not in self._reach:
            raise ConnectionRefusedError(f"{address}:{port} is not mapped")
        return await asyncio.open_connection("127.0.0.1", self._reach[address, port])


class Names(nat.UdpRelay):
    """UDP of the guest: a question to the gateway's DNS is answered, all else is dropped."""

    def __init__(self, mcu: Any, send: Any, names: dict[str, str]) -> None:
        super().__init__(mcu, send)
        self._names, self._send = names, send

    def maybe_handle(self, ethernet: net.EthernetFrame) -> bool:
        packet = net.parse_ipv4(ethernet.payload)
        datagram = net.parse_udp(packet.payload) if packet else None
        if not packet or not datagram or packet.dst_ip != nat.GATEWAY_IP or datagram.dst_port != _DNS_PORT:
            return False
        answer = _dns_answer(datagram.payload, self._names)
        udp = net.pack_udp(nat.GATEWAY_IP, packet.src_ip, _DNS_PORT, datagram.src_port, answer)
        ip = net.pack_ipv4(nat.GATEWAY_IP, packet.src_ip, net.IP_PROTO_UDP, udp)
        self._send(net.pack_ethernet(ethernet.src_mac, nat.GATEWAY_MAC, net.ETHERTYPE_IPV4, ip))
        return True


class Device(MicroPythonDevice):
    """A board whose radio and connections end when the chip is reset.

    In the emulator (0.3.6) the radio begins anew only when its power pin lets go, and takes what the other pins do then
    for a transfer: after ``machine.reset()`` the firmware says "Failed to start CYW43". And a connection that was open
    takes the first packets of the next one from the same port, which then waits in vain.
    """

    radio: GSPIBus | None = None

    def _enter_reset(self, cause: Any) -> None:
        super()._enter_reset(cause)
        if self.radio is not None and self.radio.nat_bridge is not None:
            self.radio.power_off()
            self.radio.nat_bridge.reset()


class Console(PtyInteractiveRepl):
    """The board's USB console; ``heard`` counts the bytes that went to the board."""

    heard = 0

    def _send_and_pace(self, chunk: bytes) -> None:
        self.heard += len(chunk)
        super()._send_and_pace(chunk)


def _dns_answer(question: bytes, names: dict[str, str]) -> bytes:
    """RFC 1035: one A record, or "no such name" (3)."""
    labels, at = [], 12
    while question[at]:
        labels.append(question[at + 1 : at + 1 + question[at]].decode())
        at += 1 + question[at]
    body, address = question[12 : at + 5], names.get(".".join(labels))
    head = struct.pack(
        ">HHHHHH", int.from_bytes(question[:2], "big"), 0x8180 if address else 0x8183, 1, bool(address), 0, 0
    )
    if address is None:
        return head + body
    record = struct.pack(">HHHIH", 0xC00C, 1, 1, _TTL_SECONDS, 4) + bytes(int(part) for part in address.split("."))
    return head + body + record


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--image", type=Path, required=True, help="firmware (UF2)")
    parser.add_argument("--filesystem", type=Path, help="its file system at power on, and where it goes at power off")
    parser.add_argument("--reach", action="append", default=[], metavar="ADDRESS:PORT=PORT", help="of 127.0.0.1")
    parser.add_argument("--name", action="append", default=[], metavar="NAME=ADDRESS", help="what DNS answers")
    parser.add_argument("--said", type=Path, required=True, help="all that the console said is appended here")
    options = parser.parse_args()
    there = options.filesystem is not None and options.filesystem.exists()
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(asyncio.run(_run(options, options.filesystem if there else None)))


async def _run(options: argparse.Namespace, start: Path | None) -> int:
    reach: dict[tuple[str, int], int] = {}
    for text in options.reach:
        there, _, here = text.partition("=")
        address, _, port = there.rpartition(":")
        reach[address, int(port)] = int(here)
    names = dict(text.split("=", 1) for text in options.name)

    radios: list[GSPIBus] = []

    class Wifi(Cyw43439):
        def attach(self, mcu: Any) -> None:
            super().attach(mcu)
            self.bus.nat_bridge = Network(mcu, self.bus.queue_rx_ethernet_frame, reach, names)
            radios.append(self.bus)

    spec = BOARDS["pico_w"]
    spec = dataclasses.replace(spec, extras=tuple(Wifi if part is Cyw43439 else part for part in spec.extras))
    file: Path | None = options.filesystem
    board = resolve_firmware(spec, "micropython", str(options.image))
    device = Device(board=board, filesystem=start)
    (device.radio,) = radios
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    said = options.said.open("ab", buffering=0)
    console = Console(device.cdc, device.simulator, lambda _code: over.set(), said.write)
    await console.start()
    await device.astart(timeout=60)
    print(json.dumps({"port": console.slave_path}), flush=True)
    running = asyncio.create_task(over.wait())
    while not running.done() and device.simulator.executing:
        await asyncio.wait([running], timeout=0.2)
    if device.simulator.engine_room_error is not None:
        raise device.simulator.engine_room_error
    if file is not None:
        device.dump_flash_image(file)
    print(json.dumps({"heard": console.heard}), flush=True)
    device.stop()
    await console.stop()
    return 0


if __name__ == "__main__":
    main()
