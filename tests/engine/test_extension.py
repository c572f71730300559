import subprocess
import sys

import pytest

# Each brings a heap full of objects to the zygote, between which a worker's own lie scattered.
HEAVY = ("asyncio", "multiprocessing", "random", "ssl", "tempfile", "threading", "zipfile")


def _python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def test_a_worker_imports_only_what_it_uses() -> None:
    code = f"""
import sys
import device_runtime.engine.zygote
import device_runtime.program.worker as worker
worker.prepare()
print(*[name for name in {HEAVY} if name in sys.modules])
"""
    assert _python(code) == ""


@pytest.mark.parametrize(
    "imports",
    [
        "from device_runtime.engine.quickjs import jsbox as ours\nimport jsbox",
        "import jsbox\nfrom device_runtime.engine.quickjs import jsbox as ours",
    ],
)
def test_the_engine_and_jsbox_are_one(imports: str) -> None:
    assert _python(
        f"{imports}\nprint(ours.JavaScriptError is jsbox.JavaScriptError, jsbox.Runtime().eval('6 * 7'))"
    ) == ("True 42")
