"""What figures of boards are called."""

UNIX = "unix port"
UNIX_32 = "unix port, 32-bit words"
PICO = "emulated Pico W"

BARE_LOOP = "bare viper loop"
FULLY_CONNECTED, CONVOLUTION = "fully connected 512 to 32", "convolution 3x3, 16 to 32, 8x8"
KERNELS = (FULLY_CONNECTED, CONVOLUTION, "convolution 1x1, 64 to 64, 8x8", "depthwise 3x3, 32, 12x12")

OURS, BY_HAND = "cygnet", "by hand"
COPY, FORCED = "mpremote cp -r", "mpremote cp -rf"

EVERYTHING, AGAIN, CHANGED = "all files to an empty board", "the same again", "one file of them changed"

LAMP_TIMER = "cygnet.examples.lamp-timer"
COUNTS = "org.example.counter"
BEEPS = "org.example.beeper"
