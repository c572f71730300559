"""What happens to simulated devices."""

import math

from firmware_tools.simulation.weather import WEATHERS, Fate, Weather


def story(fate: Fate) -> list[object]:
    return [[fate.next_event(), fate.is_lost(), fate.is_repeated(), fate.delay(), fate.lasts(3)] for _ in range(50)]


def test_a_seed_gives_a_device_one_fate_and_others_another() -> None:
    storm = WEATHERS["storm"]
    assert story(Fate(1, "a", storm)) == story(Fate(1, "a", storm))
    assert story(Fate(1, "a", storm)) != story(Fate(1, "b", storm))
    assert story(Fate(1, "a", storm)) != story(Fate(2, "a", storm))
    assert Fate(1, "a", storm).skew == Fate(1, "a", storm).skew != Fate(2, "a", storm).skew


def test_things_go_wrong_as_often_as_the_weather_says() -> None:
    fate = Fate(1, "a", Weather(cuts=300, reboots=100, loss=0.25))
    events = [fate.next_event() for _ in range(4000)]
    hours = sum(seconds for seconds, _ in events) / 3600
    assert 270 < sum(kind == "cut" for _, kind in events) / hours < 330
    assert 85 < sum(kind == "reboot" for _, kind in events) / hours < 115
    assert 0.22 < sum(fate.is_lost() for _ in range(4000)) / 4000 < 0.28


def test_when_it_has_calmed_down_nothing_goes_wrong() -> None:
    fate = Fate(1, "a", WEATHERS["storm"])
    skew = fate.skew
    fate.calm_down()
    assert fate.next_event() == (math.inf, "")
    assert not any(fate.is_lost() or fate.is_repeated() or fate.delay() for _ in range(1000))
    assert fate.skew == skew


def test_a_block_is_spoilt_behind_its_line_of_json_and_by_one_bit() -> None:
    fate = Fate(1, "a", Weather(spoilt=0.5))
    arrived = [fate.arrives(b'{"type":"content"}\nblock') for _ in range(1000)]
    assert {each.partition(b"\n")[0] for each in arrived} == {b'{"type":"content"}'}
    spoilt = [each.partition(b"\n")[2] for each in arrived if not each.endswith(b"\nblock")]
    assert 400 < len(spoilt) < 600
    for data in spoilt:
        assert sum((one ^ other).bit_count() for one, other in zip(data, b"block", strict=True)) == 1
    for whole in (b'{"type":"telemetry"}\n', b"", b"no line"):
        assert {fate.arrives(whole) for _ in range(100)} == {whole}, "a receipt has no block"
