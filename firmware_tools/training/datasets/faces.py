"""Pictures with and without faces, from photographs that installed packages carry; few, and said to be few.

* 100 faces of 100 people, 25 x 25 pixels of grey, that scikit-image took from Labeled Faces in the Wild (Huang et al.,
  2007): the first 40 measure ranges when the model is quantised, the other 60 are for the test;
* two portraits in the public domain: Eileen Collins (NASA; in scikit-image) and Grace Hopper (US Navy; in matplotlib),
  for the test only, at many sizes and places and in several lights;
* photographs without people (scikit-image, scikit-learn) as what lies behind the small faces, and for false detections;
  a cat apart, since its face is one, too.

The test has thus two people in colour and 60 in coarse grey. It can show what whole numbers cost against float32, and
that anchors, boxes and letterbox are right; it cannot show how well the detector does on people at large, of any age,
skin or light. For that its makers' model card has to be read.
"""

import io
from collections.abc import Callable, Mapping
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_tools.training.dataset import Dataset, DatasetError, Progress, Split
from firmware_tools.training.shards import (
    Arrays,
    checked_options,
    empty_split,
    fingerprint_of,
    is_whole,
    mark_whole,
    need_whole,
    read_shard,
    write_shard,
)

SIZE = 128
LABELS = ("face",)
SCENARIOS = ("portrait", "dark portrait", "small portrait", "coarse face", "no face", "a cat")
_VERSION = 1
_PACKAGES = ("scikit-image", "scikit-learn", "matplotlib", "pillow")
_DEFAULTS = {"representative": 300, "each": 60}
_FOR_RANGES = 40  # of the 100 small faces

# Package, file, and the face by hand as left, top, right, bottom in pixels: brows to chin, as the detector was taught.
_PORTRAITS = (
    ("scikit-image", "skimage/data/astronaut.png", (178, 78, 270, 172)),
    ("matplotlib", "matplotlib/mpl-data/sample_data/grace_hopper.jpg", (166, 145, 362, 340)),
)
_SMALL_FACES = ("scikit-image", "skimage/data/lfw_subset.npy")
_SMALL_BOX = (0.03, 0.13, 0.90, 0.99)  # of the small faces, fractions: they are cut out alike
_BEHIND_RANGES = (
    ("scikit-image", "skimage/data/coins.png"), ("scikit-image", "skimage/data/grass.png"),
    ("scikit-image", "skimage/data/hubble_deep_field.jpg"), ("scikit-image", "skimage/data/brick.png"),
    ("scikit-image", "skimage/data/retina.jpg"), ("scikit-learn", "sklearn/datasets/images/flower.jpg"),
)  # fmt: skip
_BEHIND_TEST = (
    ("scikit-image", "skimage/data/coffee.png"), ("scikit-image", "skimage/data/motorcycle_left.png"),
    ("scikit-image", "skimage/data/rocket.jpg"), ("scikit-image", "skimage/data/gravel.png"),
    ("scikit-learn", "sklearn/datasets/images/china.jpg"),
)  # fmt: skip

_CAT = ("scikit-image", "skimage/data/chelsea.png")

Picture = NDArray[np.uint8]
"""``[rows, columns, 3]``."""


class Builder:
    """See :class:`firmware_tools.training.dataset.DatasetBuilder`.

    Options: ``representative``: pictures of the training split, which measures ranges and trains nothing; ``each``:
    test pictures of each of :data:`SCENARIOS`, with one face at most.
    """

    def __init__(self, options: Mapping[str, Any], seed: int) -> None:
        self.options = checked_options("faces", options, _DEFAULTS)
        self.seed = seed

    def fingerprint(self) -> str:
        """See :class:`firmware_tools.training.dataset.DatasetBuilder`."""
        return fingerprint_of("faces", _VERSION, self.options, self.seed, packages=_PACKAGES)

    def build(self, folder: Path, progress: Progress) -> None:
        """See :class:`firmware_tools.training.dataset.DatasetBuilder`."""
        if is_whole(folder, self.fingerprint()):
            return
        made: dict[str, Callable[[], Arrays]] = {"train": self._for_ranges}
        made |= {scenario: partial(self._for_test, scenario) for scenario in SCENARIOS}
        progress.stage("pictures", len(made))
        for name, make in made.items():
            write_shard(_file(folder, name), make)
            progress.advance()
        mark_whole(folder, self.fingerprint())

    def load(self, folder: Path, *, only_test: bool = False) -> Dataset:
        """See :class:`firmware_tools.training.dataset.DatasetBuilder`; without validation: nothing is chosen."""
        need_whole(folder, self.fingerprint())
        none = empty_split((SIZE, SIZE, 3), (1, 5))
        train = none if only_test else _split([("", read_shard(_file(folder, "train")))])
        test = _split([(name, read_shard(_file(folder, name))) for name in SCENARIOS])
        return Dataset(folder, LABELS, train, none, test)

    def _for_ranges(self) -> Arrays:
        """Small faces on grounds of their own, in all lights; every fifth picture has none."""
        rng = np.random.default_rng([self.seed, *b"train"])
        faces, grounds = _small_faces()[:_FOR_RANGES], [_photograph(*place) for place in _BEHIND_RANGES]
        pictures, boxes, sources = [], [], []
        for number in range(self.options["representative"]):
            ground = _cut_out(grounds[number % len(grounds)], rng)
            face = number % _FOR_RANGES
            picture, box = (ground, None) if number % 5 == 4 else _pasted(faces[face], ground, rng, 0.15, 0.95)
            pictures.append(_lit(picture, rng, 0.3, 1.1, 5))
            boxes.append(box)
            sources.append(f"ground/{number}" if box is None else f"small/{face}")
        return _arrays(pictures, boxes, sources)

    def _for_test(self, scenario: str) -> Arrays:
        rng = np.random.default_rng([self.seed, *scenario.encode()])
        faces = _small_faces()
        grounds = [_photograph(*place) for place in ((_CAT,) if scenario == "a cat" else _BEHIND_TEST)]
        portraits = [(_photograph(package, file), box) for package, file, box in _PORTRAITS]
        pictures, boxes, sources = [], [], []
        for number in range(self.options["each"]):
            box: tuple[float, ...] | None = None
            ground = _cut_out(grounds[number % len(grounds)], rng)
            if scenario in ("no face", "a cat"):
                picture, source = ground, f"{scenario}/{number}"
            elif scenario == "coarse face":
                which = _FOR_RANGES + number % (len(faces) - _FOR_RANGES)
                picture, box = _pasted(faces[which], ground, rng, 0.3, 0.7)
                source = f"small/{which}"
            else:
                which = number % len(portraits)
                least, most = (0.1, 0.17) if scenario == "small portrait" else (0.25, 0.6)
                picture, box = _framed(*portraits[which], rng, least, most)
                source = f"portrait/{which}"
            light = (0.08, 0.25, 4) if scenario == "dark portrait" else (0.6, 1.2, 5)
            pictures.append(_lit(picture, rng, *light))
            boxes.append(box)
            sources.append(source)
        return _arrays(pictures, boxes, sources)


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name.replace(' ', '-')}.npz"


def _arrays(pictures: list[Picture], boxes: list[tuple[float, ...] | None], sources: list[str]) -> Arrays:
    y = np.array([[(0.0,) * 5 if box is None else (1.0, *box)] for box in boxes], np.float32)
    return {"x": np.stack(pictures), "y": y, "source": np.array(sources, "U32")}


def _split(parts: list[tuple[str, Arrays]]) -> Split:
    x = np.concatenate([part["x"] for _, part in parts]).astype(np.float32) / np.float32(127.5) - np.float32(1)
    scenario = np.concatenate([np.full(len(part["y"]), name, "U16") for name, part in parts])
    return Split(
        x,
        np.concatenate([part["y"] for _, part in parts]),
        scenario,
        np.concatenate([part["source"] for _, part in parts]),
        np.full(len(x), np.nan, np.float32),
    )


def _carried(package: str, file: str) -> bytes:
    """A file of an installed package.

    Raises:
        DatasetError: the package is not installed, or has no such file.
    """
    try:
        return Path(str(metadata.distribution(package).locate_file(file))).read_bytes()
    except (metadata.PackageNotFoundError, OSError) as error:
        raise DatasetError(f"the photograph {file} is in {package}; run: pip install 'cygnet[train]'") from error


def _photograph(package: str, file: str) -> Picture:
    try:
        from PIL import Image
    except ImportError as error:
        raise DatasetError("photographs are read by pillow; run: pip install 'cygnet[train]'") from error
    with Image.open(io.BytesIO(_carried(package, file))) as image:
        return np.asarray(image.convert("RGB"))


def _small_faces() -> Picture:
    """``[100, 25, 25, 3]``."""
    grey = np.load(io.BytesIO(_carried(*_SMALL_FACES)))[:100]
    return np.repeat(np.round(grey * 255).astype(np.uint8)[..., None], 3, axis=-1)


def _resized(picture: Picture, size: int, box: tuple[float, float, float, float] | None = None) -> Picture:
    from PIL import Image

    return np.asarray(Image.fromarray(picture).resize((size, size), Image.Resampling.BICUBIC, box))


def _cut_out(photograph: Picture, rng: np.random.Generator) -> Picture:
    """A square of it, half to all of its shorter side, perhaps mirrored."""
    height, width = photograph.shape[:2]
    side = min(height, width) * rng.uniform(0.5, 1.0)
    left, top = rng.uniform(0, width - side), rng.uniform(0, height - side)
    picture = _resized(photograph, SIZE, (left, top, left + side, top + side))
    return picture[:, ::-1] if rng.random() < 0.5 else picture


def _pasted(
    face: Picture, ground: Picture, rng: np.random.Generator, least: float, most: float
) -> tuple[Picture, tuple[float, ...]]:
    """The small face on the ground at any place, a part of the picture's side from ``least`` to ``most`` wide."""
    side = int(SIZE * rng.uniform(least, most))
    left, top = int(rng.integers(0, SIZE - side + 1)), int(rng.integers(0, SIZE - side + 1))
    tint = rng.uniform(0.75, 1.0, 3)
    picture = ground.copy()
    picture[top : top + side, left : left + side] = _resized(face, side) * tint
    places = (left, top, left, top)
    return picture, tuple((place + part * side) / SIZE for place, part in zip(places, _SMALL_BOX, strict=True))


def _framed(
    portrait: Picture, face: tuple[int, int, int, int], rng: np.random.Generator, least: float, most: float
) -> tuple[Picture, tuple[float, ...]]:
    """A square of the portrait in which the face is ``least`` to ``most`` of the side high, perhaps mirrored."""
    left, top, right, bottom = face
    side = (bottom - top) / rng.uniform(least, most)
    x = rng.uniform(right - side, left) if side > right - left else left
    y = rng.uniform(bottom - side, top)
    edge = int(side) + 1
    wide = np.pad(portrait, ((edge, edge), (edge, edge), (0, 0)), mode="edge")  # a mirror would show a second face
    picture = _resized(wide, SIZE, (x + edge, y + edge, x + edge + side, y + edge + side))
    box = ((left - x) / side, (top - y) / side, (right - x) / side, (bottom - y) / side)
    if rng.random() < 0.5:
        picture, box = picture[:, ::-1], (1 - box[2], box[1], 1 - box[0], box[3])
    return picture, box


def _lit(picture: Picture, rng: np.random.Generator, least: float, most: float, noise: float) -> Picture:
    """In a light of ``least`` to ``most``, with a sensor's noise: a standard deviation of up to ``noise`` steps."""
    lit = picture * rng.uniform(least, most) + rng.normal(0, rng.uniform(0, noise), picture.shape)
    return np.asarray(np.clip(np.round(lit), 0, 255), np.uint8)
