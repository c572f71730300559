"""How often spoken requests are understood, misunderstood and turned down, and other speech is taken for a request.

    python -m benchmarks.voice_rejection           # the table of docs/voice.md, from the test phrases
    python -m benchmarks.voice_rejection --fit     # new weights for device_runtime/voice/rejection.py

The weights are fitted on espeak-ng voices with the tuning phrases only. The test uses another grammar, other
phrases, and also flite, a synthesiser that the fit never heard. Needs ``flite`` (apt) and the extra ``voice``.
"""

import argparse
import math
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple, dataclass, fields

import numpy as np

from benchmarks import voice_corpus as corpus
from device_runtime.voice.grammar import Grammar
from device_runtime.voice.recogniser import Recogniser
from device_runtime.voice.rejection import ACCEPT_FROM, Evidence, confidence_of, weigh

TUNING_CONDITIONS = ("quiet", "soft", "noise 15 dB")
TEST_CONDITIONS = ("quiet", "soft", "noise 10 dB")
CHUNK_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Result:
    """One utterance: what kind of phrase it was, if the grammar's sentence was right, and the evidence for it."""

    synthesiser: str
    condition: str
    kind: str  # command, near, outside
    text: str
    heard: str
    right: bool
    evidence: Evidence | None


def recognise(job: tuple[str, str, str, bool]) -> list[Result]:
    """All phrases of one voice in one condition."""
    synthesiser, voice, condition, tuning = job
    grammar = Grammar(corpus.TUNING_PROGRAMS if tuning else corpus.TEST_PROGRAMS)
    commands = corpus.TUNING_COMMANDS if tuning else corpus.TEST_COMMANDS
    near = corpus.TUNING_NEAR if tuning else corpus.TEST_NEAR
    outside = [*near, *(corpus.TUNING_OUTSIDE if tuning else corpus.TEST_OUTSIDE)]
    recogniser = Recogniser()
    recogniser.set_grammar(grammar.transitions)
    results = []
    for utterance in corpus.utterances(synthesiser, (voice,), commands, outside, condition):
        recogniser.start()
        for start in range(0, len(utterance.pcm), CHUNK_BYTES):
            recogniser.feed(utterance.pcm[start : start + CHUNK_BYTES])
        heard = recogniser.finish().text
        evidence = weigh(*recogniser.decodings()) if heard else None
        kind = "command" if utterance.intent else "near" if utterance.text in near else "outside"
        match, wanted = grammar.match_text(heard), grammar.match_text(utterance.text)
        right = (
            match is not None and wanted is not None and (match.intent, match.slots) == (wanted.intent, wanted.slots)
        )
        results.append(Result(synthesiser, condition, kind, utterance.text, heard, right, evidence))
    return results


def run(jobs: list[tuple[str, str, str, bool]], processes: int) -> list[Result]:
    """All results, in the order of the jobs."""
    with ProcessPoolExecutor(processes) as pool:
        return [result for results in pool.map(recognise, jobs) for result in results]


def fit(results: list[Result]) -> None:
    """Print weights by logistic regression (Newton's method, ridge 1.0, both classes of equal weight)."""
    usable = [(r.evidence, r.right) for r in results if r.evidence and (r.right or r.kind != "command")]
    x = np.array([[*astuple(evidence), 1.0] for evidence, _ in usable])
    y = np.array([right for _, right in usable], float)
    importance = np.where(y == 1, 0.5 / y.mean(), 0.5 / (1 - y.mean()))
    ridge = np.diag([1.0] * (x.shape[1] - 1) + [0.0])
    weights = np.zeros(x.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ weights))
        gradient = x.T @ (importance * (y - p)) - ridge @ weights
        hessian = x.T @ (x * (importance * p * (1 - p))[:, None]) + ridge
        weights += np.linalg.solve(hessian, gradient)
    named = ", ".join(f"{field.name}={w:.3f}" for field, w in zip(fields(Evidence), weights, strict=False))
    print(f"WEIGHTS = Evidence({named})\nBIAS = {weights[-1]:.3f}")
    score = x @ weights
    for threshold in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8):
        cut = math.log(threshold / (1 - threshold))
        false_accepts, misses = (score[y == 0] > cut).mean(), (score[y == 1] <= cut).mean()
        print(f"from {threshold}: false accepts {false_accepts:.3f}, rejected commands {misses:.3f}")


def table(results: list[Result], threshold: float) -> Iterator[str]:
    """The rows of docs/voice.md, in Markdown."""
    yield "| synthesiser | condition | commands: right | wrong | rejected | near misses taken | other speech taken |"
    yield "|---|---|---|---|---|---|---|"
    keys = dict.fromkeys((r.synthesiser, r.condition) for r in results)
    for synthesiser, condition in keys:
        group = [r for r in results if (r.synthesiser, r.condition) == (synthesiser, condition)]

        def accepted(result: Result) -> bool:
            return result.evidence is not None and confidence_of(result.evidence) >= threshold

        commands = [r for r in group if r.kind == "command"]
        right = sum(r.right and accepted(r) for r in commands)
        wrong = sum(not r.right and accepted(r) for r in commands)
        others = []
        for kind in ("near", "outside"):
            phrases = [r for r in group if r.kind == kind]
            others.append(f"{sum(map(accepted, phrases))} / {len(phrases)}")
        rejected = len(commands) - right - wrong
        yield (
            f"| {synthesiser} | {condition} | {right} / {len(commands)} | {wrong} | {rejected} | "
            f"{others[0]} | {others[1]} |"
        )


def main() -> None:
    """Parse the arguments and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fit", action="store_true", help="fit weights on the tuning phrases")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--verbose", action="store_true", help="also list every wrong decision")
    arguments = parser.parse_args()
    if arguments.fit:
        jobs = [("espeak", voice, condition, True) for condition in TUNING_CONDITIONS for voice in corpus.ESPEAK_VOICES]
        fit(run(jobs, arguments.processes))
        return
    voices = [("espeak", voice) for voice in corpus.ESPEAK_VOICES[:4]]
    voices += [("flite", voice) for voice in corpus.FLITE_VOICES]
    jobs = [(synthesiser, voice, condition, False) for condition in TEST_CONDITIONS for synthesiser, voice in voices]
    results = run(jobs, arguments.processes)
    print(*table(results, ACCEPT_FROM), sep="\n")
    if arguments.verbose:
        for r in results:
            accepted = r.evidence is not None and confidence_of(r.evidence) >= ACCEPT_FROM
            if accepted != r.right:
                print(r.synthesiser, r.condition, r.kind, repr(r.text), "->", repr(r.heard), r.evidence)


if __name__ == "__main__":
    main()
