"""What the runtime of a board takes, on MicroPython's unix port: heap, the start of a program, an event.

    python -m benchmarks.board_runtime

The heap is that of a board which is connected to a real broker with TLS, has its desired document and waits; then of
the same board with the example `lamp_timer` on a 128x64 display. Start and event are measured by the board's own clock
in a process without a network. x86-64: a microcontroller takes other times, and somewhat less memory for a word of 32
bits. Figures go to ``benchmarks/results-board-runtime.json``.
"""

import argparse
import asyncio
import json
import re
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.machine import describe_machine, print_machine
from device_runtime.host.board import find_micro_board
from device_runtime.host.microboard import board_document
from firmware_tools.build.micropython import compile_module
from firmware_tools.build.program import build_program
from firmware_tools.fleet.home import init_home
from firmware_tools.fleet.server import run_fleet
from firmware_tools.provision.runtime import slot_files
from tests.brokers import running_mosquitto
from tests.micro.sync.board import Board
from tests.micro.sync.conftest import *  # noqa: F403
