"""What programs are told of the board that they run on."""

import platform
from collections.abc import Mapping
from importlib.metadata import version

from device_runtime.host.board import Board
from device_runtime.values import Value


def system_info(board: Board) -> Mapping[str, Value]:
    """What ``wx.getSystemInfoSync`` answers, as far as the board knows; a screen knows its own size better."""
    width, height = board.screen.width, board.screen.height
    return {
        "brand": "Cygnet",
        "model": board.name,
        "platform": "cygnet",
        "system": "Cygnet",
        "version": version("cygnet"),
        "SDKVersion": "3.0.0",
        "language": "en",
        "fontSizeSetting": 16,
        "benchmarkLevel": -1,
        "cpuType": platform.machine(),
        "abi": platform.machine(),
        "enableDebug": False,
        "pixelRatio": 1,
        "screenWidth": width,
        "screenHeight": height,
        "windowWidth": width,
        "windowHeight": height,
        "statusBarHeight": 0,
        "screenTop": 0,
        "safeArea": {"left": 0, "top": 0, "right": width, "bottom": height, "width": width, "height": height},
    }
