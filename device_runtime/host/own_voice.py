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
        # A yes takes more words than a no, and is no end of one: what is misheard must not be agreed to, nor a
        # "do not allow it" whose beginning was not heard.
        VoiceIntent("yes", ("yes allow it", "yes i allow it")),
        VoiceIntent("no", ("no", "no thank you", "do not allow it", "no do not allow it", "i do not allow it")),
    )
)
# With the no at the end: a microphone that hears the last of the device's own words agrees to nothing.
HOW_TO_ANSWER = "Say: yes, allow it. Or say: no."
