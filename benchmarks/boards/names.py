"""What figures of boards are called."""

UNIX = "unix port"
UNIX_32 = "unix port, 32-bit words"
PICO = "emulated Pico W"

OURS, BY_HAND = "cygnet", "by hand"
COPY, FORCED = "mpremote cp -r", "mpremote cp -rf"

EVERYTHING, AGAIN, CHANGED = "all files to an empty board", "the same again", "one file of them changed"

LAMP_TIMER = "cygnet.examples.lamp-timer"
COUNTS = "org.example.counter"
BEEPS = "org.example.beeper"
