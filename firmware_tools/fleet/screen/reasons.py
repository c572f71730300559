"""Why a look at a screen was refused, or has ended, in sentences for operators. ``page/screen.js`` has the same."""

SENTENCES = {
    "no": "the person at the device said no",
    "unanswered": "nobody at the device answered",
    "never": "this device never shows its screen: its owner, or its board's file, says so",
    "private": "a program with private pages is in front there",
    "nobody": "no screen of the device is connected, so nobody could see that you look",
    "busy": "somebody else looks at this device, or is just asking",
    "soon": "somebody said no a moment ago: wait a minute before you ask again",
    "log": "the device cannot write down who looks (its disk?), and so shows nothing",
    "bytes": "the bytes that a look may send are used up",
    "clock": "the clocks of the fleet and the device differ by more than a minute, or the device was just started",
    "unsupported": "this device cannot show its screen",
    "silent": "the device does not answer: its software may be too old",
    "person": "the person at the device ended it",
    "operator": "an operator ended it",
    "time": "the time is over",
    "connection": "the connection to the device, or the broker, broke",
    "stopped": "the device stops",
    "unwatched": "nobody watched any more",
    "fault": "the device made a fault; its log says which",
}


def sentence(reason: str) -> str:
    """A reason for people; one that is not known (of a newer device) as it is."""
    return SENTENCES.get(reason, reason)
