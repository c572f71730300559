"""What can be said to the device itself, and not to one of its programs."""

from device_runtime.program.manifest import Voice, VoiceIntent

OWN = ""
"""Stands where the app id of a program stands: no program has this one."""

COMMANDS = Voice(
    (
        VoiceIntent("privacy", ("show my privacy", "show me my privacy")),
        VoiceIntent("refuse_all", ("stop collecting my data", "stop sending my data")),
    )
)
ANSWERS = Voice(
    (
        # A yes takes more words than a no: what is misheard must not be agreed to.
        VoiceIntent("yes", ("yes allow it", "allow it", "i allow it")),
        VoiceIntent("no", ("no", "no thank you", "do not allow it", "no do not allow it", "i do not allow it")),
    )
)
HOW_TO_ANSWER = "Say: allow it, or: do not allow it."
