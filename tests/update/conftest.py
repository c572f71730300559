from tests.fleet.conftest import fleet, home, mosquitto

__all__ = ["fleet", "home", "mosquitto"]
