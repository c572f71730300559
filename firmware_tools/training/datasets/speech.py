"""Spoken commands, said by synthesisers in scenarios: the builder ``speech``.

Training and validation are spoken by the makes that ``makes`` names, the test split and the background by those of
``test_makes``, which training never hears. Each example is drawn from its own random numbers, so that the result
depends on nothing but options, seed and the versions of what synthesises; it is made in shards by two processes, and
what is whole stays when work is interrupted.
"""

import contextlib
import hashlib
import importlib.metadata
import json
import multiprocessing
import shutil
import signal
import zipfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from device_runtime.inference.features import CHANNELS
from firmware_tools.training.dataset import Dataset, DatasetError, Progress, Split
from firmware_tools.training.speech.banks import load_bank, make_bank
from firmware_tools.training.speech.files import wav, write_bytes, write_whole
from firmware_tools.training.speech.options import SpeechOptions, read_options
from firmware_tools.training.speech.plan import SPLITS, Example, cast, plan
from firmware_tools.training.speech.render import render, render_background
from firmware_tools.training.speech.spoken import kept_in
from firmware_tools.training.synthesis import find_synthesiser

_FORMAT = 3
"""Raised whenever the same options would give other bytes."""
_SHARD = 128
_WORKERS = 2
_SUMMARY = "speech.json"
_SPOKEN = "spoken"
"""Utterances that several examples share, while the data set is made."""
_BACKGROUND_SECONDS = 60
_LIBRARIES = ("numpy", "pymicro-features", "pyroomacoustics", "soundfile")


class Builder:
    """See :class:`firmware_tools.training.dataset.DatasetBuilder`."""

    def __init__(self, options: Mapping[str, Any], seed: int) -> None:
        self._options = read_options(options)
        self._seed = seed

    def fingerprint(self) -> str:
        makes = {name: find_synthesiser(name).version() for name in (*self._options.makes, *self._options.test_makes)}
        libraries = {name: _version(name) for name in _LIBRARIES}
        content = json.dumps([_FORMAT, asdict(self._options), self._seed, makes, libraries], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    def build(self, folder: Path, progress: Progress) -> None:
        voices = cast(self._options)
        examples = plan(self._options, voices, self._seed)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "sounds").mkdir(exist_ok=True)
            (folder / "background").mkdir(exist_ok=True)
        except OSError as error:
            raise DatasetError(f"{folder} cannot be made: {error.strerror or error}") from error
        tasks = [("bank", split, 0) for split in SPLITS]
        tasks += [("shard", split, at) for split in SPLITS for at in range(_shards(examples[split]))]
        tasks += [("background", "test", number) for number in range(self._options.background_minutes)]
        context = multiprocessing.get_context("spawn")
        others = set(multiprocessing.active_children())
        with ProcessPoolExecutor(_WORKERS, context, _prepare, (self._options, self._seed, str(folder))) as pool:
            for title, sorts in (("noise and rooms", ("bank",)), ("speech", ("shard", "background"))):
                chosen = [task for task in tasks if task[0] in sorts]
                progress.stage(title, len(chosen))
                with _without_interrupts():
                    waiting = [pool.submit(_work, *task) for task in chosen if not _path(folder, *task).exists()]
                progress.advance(len(chosen) - len(waiting))
                try:
                    for done in as_completed(waiting):
                        done.result()
                        progress.advance()
                except BrokenProcessPool as error:
                    raise DatasetError(
                        f"a process that speaks ended unexpectedly; run it again, it goes on in {folder}"
                    ) from error
                except BaseException:
                    pool.shutdown(wait=False, cancel_futures=True)
                    for process in set(multiprocessing.active_children()) - others:
                        process.terminate()  # what is written is whole, and what is not is made again
                    raise
        counts = {split: len(examples[split]) for split in SPLITS}
        summary = {"labels": self._options.labels, "rows": self._options.rows, "counts": counts}
        write_bytes(folder / _SUMMARY, json.dumps(summary, ensure_ascii=False, indent=1).encode())
        shutil.rmtree(folder / _SPOKEN, ignore_errors=True)  # as large as the examples, and in them

    def load(self, folder: Path, *, only_test: bool = False) -> Dataset:
        try:
            summary = json.loads((folder / _SUMMARY).read_text(encoding="utf-8"))
            counts, rows = summary["counts"], int(summary["rows"])
            labels = tuple(str(label) for label in summary["labels"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DatasetError(f"{folder} holds no whole data set of speech ({error}); make it first") from error
        if labels != self._options.labels or rows != self._options.rows:
            raise DatasetError(f"{folder} was made with other labels or rows; make it again")
        splits = {
            split: _empty(rows) if only_test and split != "test" else _load(folder, split, int(counts[split]), rows)
            for split in SPLITS
        }
        background = tuple(_path(folder, "background", "test", at) for at in range(self._options.background_minutes))
        missing = [path for path in background if not path.exists()]
        if missing:
            raise DatasetError(f"{missing[0]} is missing; make the data again")
        return Dataset(folder, labels, splits["train"], splits["validation"], splits["test"], background)


@contextlib.contextmanager
def _without_interrupts() -> Iterator[None]:
    """Processes that begin here hear no Ctrl-C, which a terminal sends to all of them: who began them ends them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _version(library: str) -> str:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return "none"


def _shards(examples: tuple[Example, ...]) -> int:
    return -(-len(examples) // _SHARD)


def _path(folder: Path, sort: str, split: str, number: int) -> Path:
    if sort == "bank":
        return folder / f"bank-{split}.npz"
    if sort == "shard":
        return folder / f"{split}-{number:04d}.npz"
    return folder / "background" / f"{number:04d}.wav"


class _Worker:
    """What one of the processes needs, made once."""

    def __init__(self, options: SpeechOptions, seed: int, folder: Path) -> None:
        self.options, self.seed, self.folder = options, seed, folder
        self.voices = cast(options)
        self.examples = plan(options, self.voices, seed)
        self.say = kept_in(folder / _SPOKEN if options.utterances else None)
        self.bank = lru_cache(maxsize=1)(lambda split: load_bank(folder, split))

    def work(self, sort: str, split: str, number: int) -> None:
        if _path(self.folder, sort, split, number).exists():
            return
        if sort == "bank":
            make_bank(self.options, self.voices[split], split, self.seed, self.folder)
        elif sort == "background":
            pcm = render_background(
                number, self.options, self.voices["test"], self.bank("test"), self.seed, _BACKGROUND_SECONDS, self.say
            )
            write_bytes(_path(self.folder, sort, split, number), wav(pcm))
        else:
            self._shard(split, number)

    def _shard(self, split: str, number: int) -> None:
        chosen = self.examples[split][number * _SHARD : (number + 1) * _SHARD]
        features, sounds = [], []
        for example in chosen:
            rendered = render(example, self.options, self.bank(split), self.seed, self.say)
            features.append(rendered.features)
            sound = ""
            if split == "test":
                sound = f"sounds/{example.number:05d}.wav"
                write_bytes(self.folder / sound, wav(rendered.pcm))
            sounds.append(sound)
        write_whole(
            _path(self.folder, "shard", split, number),
            {
                "x": np.array(features, np.float32),
                "y": np.array([example.label for example in chosen], np.int64),
                "scenario": np.array([example.scenario for example in chosen]),
                "source": np.array([example.source for example in chosen]),
                "snr": np.array([example.snr for example in chosen], np.float32),
                "sound": np.array(sounds),
            },
        )


_worker: _Worker | None = None


def _prepare(options: SpeechOptions, seed: int, folder: str) -> None:
    global _worker
    _worker = _Worker(options, seed, Path(folder))


def _work(sort: str, split: str, number: int) -> None:
    if _worker is None:
        raise DatasetError("the process was not prepared")
    _worker.work(sort, split, number)


def _empty(rows: int) -> Split:
    text = np.zeros(0, np.str_)
    return Split(
        np.zeros((0, rows, CHANNELS, 1), np.float32), np.zeros(0, np.int64), text, text, np.zeros(0, np.float32)
    )


def _load(folder: Path, split: str, count: int, rows: int) -> Split:
    parts: dict[str, list[Any]] = {name: [] for name in ("x", "y", "scenario", "source", "snr", "sound")}
    path = folder
    try:
        for number in range(-(-count // _SHARD)):
            path = _path(folder, "shard", split, number)
            with np.load(path, allow_pickle=False) as file:
                for name, part in parts.items():
                    part.append(file[name])
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise DatasetError(f"{path} cannot be read ({error}); delete it and make the data again") from error
    if not parts["x"]:
        return _empty(rows)
    joined = {name: np.concatenate(part) for name, part in parts.items()}
    if len(joined["y"]) != count or joined["x"].shape != (count, rows, CHANNELS):
        raise DatasetError(f"{folder} holds {len(joined['y'])} examples to {split} of {count}; make the data again")
    sounds = tuple(str(sound) for sound in joined["sound"]) if split == "test" else ()
    return Split(joined["x"][..., None], joined["y"], joined["scenario"], joined["source"], joined["snr"], sounds)
