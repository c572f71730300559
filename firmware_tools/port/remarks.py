"""What cannot be decided from the source, said with its place: nothing is passed over in silence."""

from collections import defaultdict
from collections.abc import Iterator

from firmware_tools.port.findings import Finding, Place, Severity
from firmware_tools.port.places import Places
from firmware_tools.port.program import Program
from firmware_tools.port.scripts import WRAPPERS

_FRAMEWORKS = {
    "@dcloudio/uni-app": "uni-app",
    "@tarojs/taro": "Taro",
    "mpvue": "mpvue",
    "wepy": "WePY",
    "@mpxjs/core": "Mpx",
}
_MESSAGES = {
    "dynamic": (
        "wx[…]",
        "the name of the API is only known when the program runs",
        "see which names can come here: `cygnet program apis NAME` says what each does",
    ),
    "handed": (
        "wx, handed on",
        "the object itself is passed to other code: which of its members that code uses cannot be told from here",
        "see what that code calls",
    ),
    "shadowed": (
        "wx, defined anew",
        "this file gives the name another meaning; its uses are counted as the host's",
        "",
    ),
    "unreadable": (
        "a script that cannot be read",
        "this script cannot be cut into tokens, so it was searched for `wx.…` by its text alone",
        "the build says what is wrong with it",
    ),
    "require": (
        "require(…)",
        "which file is meant is only known when the program runs; what is in it may be missing from this report",
        "a path that is written out",
    ),
}


def remark_findings(program: Program, places: Places) -> Iterator[Finding]:
    """Findings of the severity ``unclear``, and plugins."""
    found: dict[tuple[str, str], list[Place]] = defaultdict(list)
    for file, facts in program.scripts.items():
        for remark in facts.remarks:
            subject = remark.subject.partition(":")[0] if remark.kind == "wrapper" else ""
            subject = remark.subject if remark.kind == "plugin" else subject
            found[remark.kind, subject].append(places.at(file, remark.offset, remark.subject))
    for (kind, subject), at in found.items():
        yield _finding(kind, subject, tuple(at))
    frameworks = _frameworks(program)
    if frameworks:
        yield frameworks


def _finding(kind: str, subject: str, at: tuple[Place, ...]) -> Finding:
    if kind == "plugin":
        return Finding(
            "plugin", subject, Severity.BREAKS, "the code of plugins is on WeChat's or Baidu's servers alone",
            "a component or module of your own, or an npm package", at,
        )  # fmt: skip
    if kind == "wrapper":
        return Finding(
            "source", f"{subject}.…", Severity.UNCLEAR,
            f"calls go through {subject} of {WRAPPERS[subject]}; what they become is decided by its own runtime, so"
            " they are not counted here",
            "port the program that it builds for WeChat or Baidu", at,
        )  # fmt: skip
    name, message, instead = _MESSAGES[kind]
    return Finding("source", name, Severity.UNCLEAR, message, instead, at)


def typescript_findings(program: Program, places: Places) -> Iterator[Finding]:
    """Scripts that nothing compiled, for a program that was not built."""
    at = tuple(places.at(file, 0) for file in program.scripts if file.endswith(".ts"))
    if at:
        yield Finding(
            "source", "TypeScript", Severity.BREAKS,
            "this script is in TypeScript and has no compiled one beside it",
            "`cygnet program compilers` installs what builds it",
            at,
        )  # fmt: skip


def model_findings(program: Program) -> Iterator[Finding]:
    """Models of programs of WeChat, which are ONNX files."""
    at = tuple(
        Place(program.files.shown(name), 1, 1) for name in sorted(program.files) if name.lower().endswith(".onnx")
    )
    if at:
        yield Finding(
            "source", "a model in ONNX", Severity.UNCLEAR,
            "the model travels in the package as it is, and runs on 64-bit Linux devices that have the extra `onnx`; "
            "other devices say that they cannot, to `session.onError`",
            "a `.tflite` file, which every device runs: `cygnet model import` makes one", at,
        )  # fmt: skip


def _frameworks(program: Program) -> Finding | None:
    """A framework whose runtime calls the host by computed names."""
    declared = program.configuration("package.json").get("dependencies")
    if not isinstance(declared, dict):
        return None
    used = [name for package, name in _FRAMEWORKS.items() if package in declared]
    if not used:
        return None
    place = places_of_package(program)
    return Finding(
        "source", " and ".join(used), Severity.UNCLEAR,
        f"the program is made with {' and '.join(used)}, whose runtime calls the host by names that are put together"
        " when it runs",
        "test each page with `cygnet program test`", (place,),
    )  # fmt: skip


def places_of_package(program: Program) -> Place:
    """The line of package.json that names the dependencies."""
    text = program.files.read("package.json") or ""
    return Place(program.files.shown("package.json"), text[: max(text.find('"dependencies"'), 0)].count("\n") + 1, 1)
