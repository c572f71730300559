"""A Raspberry Pi Pico W in software, with the firmware that a real one runs: from provisioning to updates."""
