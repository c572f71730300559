"""Looking after boards with MicroPython (a Pico W in software), and after this machine."""

import os
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from device_runtime.resources import resource_directory
from firmware_tools.flash import micropython
from firmware_tools.flash.doctor import examine
from firmware_tools.flash.naming import known_boards
from tests.flash.conftest import ESP32, PICO_W, Said, document, one_sentence, usb_port
from tests.flash.fake_esp import FakeEsp32

Run = Callable[..., Said]
Pico = Callable[[Path], str]


def test_a_board_with_micropython_is_named_by_its_own_answer(run: Run, pico: Pico) -> None:
    (found,) = document(run("detect", "--port", pico(PICO_W), "--json"))
    assert (found["mode"], found["boards"], found["chip"]) == ("micropython", ["pico-w"], "rp2040")
    assert (found["firmware"], found["says"]) == ("1.27.0", "Raspberry Pi Pico W with RP2040")


def test_a_board_that_was_asked_starts_its_program_again(run: Run, pico: Pico) -> None:
    port = pico(PICO_W)
    with micropython.raw_repl(port, 5.0) as transport:
        transport.fs_writefile("main.py", b"f = open('starts', 'a'); f.write('x'); f.close()\n")
    for _ in range(2):
        run("detect", "--port", port)
    with micropython.raw_repl(port, 5.0) as transport:
        assert transport.fs_readfile("starts") == b"xx"


def test_the_files_of_a_board_are_kept_in_an_archive(run: Run, pico: Pico, tmp_path: Path) -> None:
    port = pico(PICO_W)
    with micropython.raw_repl(port, 5.0) as transport:
        transport.fs_mkdir("lib")
        transport.fs_writefile("lib/a.py", b"a = 1\n" * 200)
        transport.fs_writefile("boot.json", b"{}")
    archive = tmp_path / "kept.tar"
    said = run("backup", archive, "--port", port, "--files")
    assert said.error is None
    assert "2 files" in said.out
    with tarfile.open(archive) as kept:
        assert sorted(kept.getnames()) == ["boot.json", "lib/a.py"]
        member = kept.extractfile("lib/a.py")
        assert member is not None
        assert member.read() == b"a = 1\n" * 200


def test_the_flash_of_a_board_that_has_no_way_for_it_points_to_its_files(run: Run, pico: Pico, tmp_path: Path) -> None:
    said = run("backup", tmp_path / "x", "--port", pico(PICO_W))
    assert "the flash of pico-w cannot be read over uf2; use `--files`" in one_sentence(said.error)


def test_a_board_resets_itself_when_micropython_answers(run: Run, pico: Pico) -> None:
    said = run("reset", "--port", pico(PICO_W))
    assert "MicroPython reset itself" in said.out


def test_nothing_that_is_plugged_in_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firmware_tools.flash.drives._mounted", list)
    said = run("detect")
    assert "no board is plugged in" in one_sentence(said.error)
    assert "cable that has data wires" in one_sentence(said.error)


def test_boards_are_named_by_their_usb_ids_when_they_are_not_to_be_disturbed(
    run: Run, usb_ports: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firmware_tools.flash.drives._mounted", list)
    usb_ports += [usb_port("/dev/ttyACM0", "2e8a:0005", "E66"), usb_port("/dev/ttyUSB0", "10c4:ea60")]
    first, second = document(run("detect", "--no-ask", "--json"))
    assert first["boards"] == ["pico-2-w", "pico-w"]
    assert first["serial_number"] == "E66"
    assert "esp32" in second["boards"]


def test_a_port_of_an_unknown_thing_is_not_asked_unless_it_is_named(
    run: Run, usb_ports: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firmware_tools.flash.drives._mounted", list)
    with FakeEsp32() as chip:
        usb_ports.append(usb_port(chip.device, "1234:5678"))
        (found,) = document(run("detect", "--json"))
        assert f"name it with --port {chip.device} to have it asked" in found["problem"]
        assert chip.commands == []
        (found,) = document(run("detect", "--json", "--port", chip.device))
        assert found["boards"] == ["esp32"]


def test_a_board_of_ones_own_is_found_by_its_own_ids(
    run: Run, usb_ports: list[object], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("firmware_tools.flash.drives._mounted", list)
    mine = (resource_directory("board_configs") / "esp32.toml").read_text()
    mine = mine.replace('name = "esp32"', 'name = "mine"').replace('"10c4:ea60"', '"1234:5678"')
    path = tmp_path / "mine.toml"
    path.write_text(mine)
    with FakeEsp32() as chip:
        usb_ports.append(usb_port(chip.device, "1234:5678"))
        said = run("flash", ESP32, "--board", path, "--json")
        assert said.error is None
        assert [row["board"] for row in document(said)] == ["mine"]


def test_a_bridge_that_several_boards_have_is_asked_which_it_is(
    run: Run, usb_ports: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firmware_tools.flash.drives._mounted", list)
    with FakeEsp32() as chip:
        usb_ports.append(usb_port(chip.device, "10c4:ea60"))
        (found,) = document(run("detect", "--json"))
    assert found["boards"] == ["esp32"]


def test_a_port_with_nothing_that_answers_is_shown_with_the_reason(run: Run) -> None:
    with FakeEsp32(silent=True) as chip:
        (found,) = document(run("detect", "--port", chip.device, "--json"))
    assert (found["mode"], found["boards"]) == ("unknown", [])
    assert found["problem"].startswith(f"nobody answers as MicroPython on {chip.device}")


def test_several_that_fit_are_not_chosen_between(run: Run, usb_ports: list[object], tmp_path: Path, pico: Pico) -> None:
    with FakeEsp32() as chip:
        usb_ports += [usb_port(chip.device, "10c4:ea60"), usb_port(pico(PICO_W), "2e8a:0005")]
        said = run("flash", PICO_W)
    assert "what is plugged in may be esp32 or pico-w; say which with --board" in one_sentence(said.error)


def test_the_rule_for_udev_has_every_id_of_every_board(run: Run) -> None:
    rule = run("doctor", "--udev").out
    for board in known_boards():
        for usb in (*board.flash.usb, *board.flash.bootloader):
            vendor, product = usb.split(":")
            assert f'{{idVendor}}=="{vendor}"' in rule
            assert f'{{idProduct}}=="{product}"' in rule
    assert 'SUBSYSTEM=="usb", ATTR{idVendor}=="0483", ATTR{idProduct}=="df11", MODE="0660", TAG+="uaccess"' in rule
    lines = [line for line in rule.splitlines() if line and not line.startswith("#")]
    assert len(lines) == len(set(lines))


def test_the_doctor_tells_what_hinders_and_what_to_do(
    run: Run, usb_ports: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    usb_ports.append(usb_port("/dev/not-there", "10c4:ea60"))
    monkeypatch.setenv("PATH", "/nowhere")
    said = run("doctor", "--json")
    found = {finding["subject"]: finding for finding in document(said)}
    assert said.code == 1
    assert found["dfu-util"]["sentence"].endswith("install the package dfu-util")
    assert "there is no port /dev/not-there" in found["/dev/not-there"]["sentence"]


@pytest.mark.skipif(os.geteuid() != 0, reason="another user can only be played by root")
def test_the_doctor_misses_the_rule_for_users_who_need_it(tmp_path: Path) -> None:
    code = (
        "import os\nfrom pathlib import Path\nfrom firmware_tools.flash.doctor import examine\nos.setuid(65534)\n"
        "print(next(item for item in examine('rule', Path('/nowhere/60.rules')) if item.subject == 'udev'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "good=False" in done.stdout
    assert "run `cygnet board doctor --udev | sudo tee /nowhere/60.rules`" in done.stdout


def test_every_finding_is_one_sentence() -> None:
    for finding in examine("rule"):
        assert "\n" not in finding.sentence
