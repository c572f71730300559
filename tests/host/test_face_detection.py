# ruff: noqa: E501 a line of JavaScript reads better whole
"""``wx.faceDetect`` with the device's own detector: on a whole virtual speaker, and the border by itself."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device_runtime.program.faces import faces, picture
from tests.host.test_models_for_programs import page, shows, write_program
from tests.program.drawn_face import drawn_face
from tests.whole_device import virtual_speaker

DETECT = """
  const pixels = wx.getFileSystemManager().readFileSync('face.rgba');
  const size = { width: 160, height: 120 };
  wx.initFaceDetect({
    fail: ({ errMsg }) => tell(errMsg),
    success() {
      const options = { frameBuffer: pixels, ...size, enableConf: true, enableMultiFace: true };
      wx.faceDetect({ ...options, fail: ({ errMsg }) => tell(errMsg), success(found) {
        wx.faceDetect({ ...size, frameBuffer: new ArrayBuffer(160 * 120 * 4), success(nobody) {
          wx.stopFaceDetect({ success: () => wx.faceDetect({ ...options, fail: ({ errMsg }) => tell(JSON.stringify({ found, nobody, errMsg })) }) });
        } });
      } });
    },
  });"""


async def test_a_face_is_found_where_it_is(tmp_path: Path) -> None:
    files = {**page(DETECT), "face.rgba": drawn_face(160, 120, (90, 56), 30)}
    async with virtual_speaker(tmp_path, write_program(tmp_path, "test.faces", files)) as screen:
        told: dict[str, Any] = json.loads(await shows(screen, "test.faces", "faceDetect"))
    found, nobody = told["found"], told["nobody"]
    assert abs(found["x"] - 90) < 6
    assert abs(found["y"] - 60) < 9
    assert 40 < found["detectRect"]["width"] < 70
    assert 0.5 < found["confArray"]["global"] <= 1
    assert [face["detectRect"] for face in found["faceInfo"]] == [found["detectRect"]]
    assert (nobody["x"], nobody["y"], nobody["faceInfo"]) == (-1, -1, [])
    assert told["errMsg"] == "faceDetect:fail initFaceDetect comes first"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("{}", "the value at frameBuffer must be an ArrayBuffer"),
        ("{ frameBuffer: 'x' }", "the value at frameBuffer must be an ArrayBuffer"),
        ("{ frameBuffer: new ArrayBuffer(8), width: 1, height: 1 }", "frameBuffer must hold 4 bytes a pixel, 4 for 1 x 1, not 8"),
        ("{ frameBuffer: new ArrayBuffer(8), width: -1, height: 1 }", "width and height must be whole numbers from 1 to 4096"),
        ("{ frameBuffer: new ArrayBuffer(8), width: 1e9, height: 1 }", "width and height must be whole numbers from 1 to 4096"),
        ("{ frameBuffer: new ArrayBuffer(8), width: NaN, height: 'x' }", "width and height must be whole numbers from 1 to 4096"),
    ],
)  # fmt: skip
async def test_pixels_that_do_not_fit_are_refused(tmp_path: Path, options: str, sentence: str) -> None:
    body = f"wx.initFaceDetect({{ success: () => wx.faceDetect({options}).catch(({{ errMsg }}) => tell(errMsg)) }});"
    async with virtual_speaker(tmp_path, write_program(tmp_path, "test.faces", page(body))) as screen:
        assert await shows(screen, "test.faces", "faceDetect:fail") == f"faceDetect:fail parameter error: {sentence}"


@pytest.mark.parametrize(("width", "height"), [(128, 128), (200, 100), (100, 200), (1, 1), (40, 160)])
def test_a_picture_lies_in_the_middle_of_the_detector_s_square(width: int, height: int) -> None:
    pixels = bytes((255, 0, 127, 9)) * (width * height)
    made = np.frombuffer(picture(pixels, width, height, 16), np.float32).reshape(16, 16, 3)
    assert np.allclose(made[8, 8], (1, -1, 127 / 127.5 - 1))
    seen = np.any(made != 0, axis=2)
    share = min(width, height) / max(width, height)
    assert abs(seen.mean() - share) <= 2 / 16
    assert made.min() >= -1
    assert made.max() <= 1


def test_a_picture_keeps_its_sides() -> None:
    rows = bytes((255, 255, 255, 0)) * 8 + bytes(4) * 8
    made = np.frombuffer(picture(rows * 16, 16, 16, 16), np.float32).reshape(16, 16, 3)
    assert np.all(made[:, :8] == 1)
    assert np.all(made[:, 8:] == -1)


def test_numbers_of_another_model_are_no_faces() -> None:
    with pytest.raises(ValueError, match="896 anchors need"):
        faces(bytes(16), bytes(4), 10, 10, 128, {})
