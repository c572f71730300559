"""The programs whose phrases the voice tests use."""

from device_runtime.program.manifest import Voice, VoiceIntent

LIGHTS = Voice(
    (
        VoiceIntent(
            "switch", ("turn {state:on|off} the {room} light", "[please] turn {state:on|off} all [of] the lights")
        ),
        VoiceIntent("dim", ("dim the {room} light to {level:number} percent",)),
    ),
    {"room": ("kitchen", "living room")},
)
TIMER = Voice(
    (
        VoiceIntent("start", ("set a timer for {minutes} [minutes]",)),
        VoiceIntent("cancel", ("cancel the timer",)),
    ),
    {"minutes": ("number",)},
)
PROGRAMS = {"lights": LIGHTS, "timer": TIMER}
