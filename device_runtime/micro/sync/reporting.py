"""What a board reports of itself; imported only while it is said."""

from .messages import MAX_ERROR, MAX_TEXT, encode, one_line

try:
    from typing import Any

    from .memory import Memory
    from .work import Work
except ImportError:
    pass


def report(name: str, session: int, memory: "Memory", work: "Work") -> bytes:
    """The message ``reported``; ``name`` is the board's."""
    desired, failed, failure = memory.desired, work.slots.failed, work.failures.get("")
    why = f"version {failed['version']}: {failed['error']}" if failed else ""
    return encode(
        {
            "session": session,
            "desired_version": desired["version"] if desired else 0,
            "board": one_line(name, MAX_TEXT),
            "runtime": one_line(work.slots.version, MAX_TEXT),
            "runtime_error": one_line(failure["error"] if failure else why, MAX_ERROR),
            "programs": _reports(work),
        }
    )


def _reports(work: "Work") -> "dict[str, dict[str, Any]]":
    """Each program as it is now, for ``reported``."""
    reports: dict[str, dict[str, Any]] = {}
    running = work.host.running if work.host is not None else ""
    for app_id in list(work.programs.apps):
        app = work.programs.apps[app_id]
        current, bad = app["current"], app["bad"]
        if bad:
            again = f"; version {current['code']} is back" if current else ""
            reports[app_id] = _failed(bad["code"], bad["name"], bad["error"] + again)
        elif current:
            phase = "running" if app_id == running else "installed"
            reports[app_id] = {"version_code": current["code"], "version_name": current["name"], "phase": phase}
            why = "safe mode: the board went down several times in a row" if work.safe else work.down.get(app_id)
            if why:
                reports[app_id] = _failed(current["code"], current["name"], why)
    desired = work.memory.desired
    targets = desired["programs"] if desired else {}
    for app_id, failure in work.failures.items():
        if app_id:
            target = targets.get(app_id)
            code, name = (target["version_code"], target["version_name"]) if target else (0, "")
            reports[app_id] = _failed(code, name, failure["error"])
    for app_id, (received, size) in work.underway.items():
        target = targets.get(app_id)
        if target:
            reports[app_id] = {
                "version_code": target["version_code"],
                "version_name": target["version_name"],
                "phase": "downloading",
                "received": received,
                "size": size,
            }
    return reports


def _failed(code: int, name: str, sentence: str) -> "dict[str, Any]":
    return {
        "version_code": code,
        "version_name": one_line(name, MAX_TEXT),
        "phase": "failed",
        "error": one_line(sentence, MAX_ERROR),
    }
