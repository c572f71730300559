"""Synthesised requests to measure voice with: what is said, by which voice, in which noise.

Two synthesisers, so that what was tuned on one (espeak-ng) can be judged on the other (flite): two command sets and
two sets of phrases outside them, for the same reason.
"""

import hashlib
import io
import subprocess
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from device_runtime.program.manifest import Voice, VoiceIntent
from device_runtime.voice.speech import Speech, resample

RATE = 16000
ESPEAK_VOICES = (
    "en-us",
    "en-us+m3",
    "en-us+f2",
    "en-us+f4",
    "en-gb-x-rp",
    "en-us+michael",
    "en-us+andrea",
    "en-us-nyc+m7",
)
FLITE_VOICES = ("kal16", "awb", "rms", "slt")

ROOMS = ("kitchen", "living room", "bedroom", "bathroom", "office", "hall")

TUNING_PROGRAMS = {
    "org.example.home": Voice(
        (
            VoiceIntent("light", ("switch {state:on|off} the {room} lamp", "make the {room} {shade:brighter|darker}")),
            VoiceIntent("blinds", ("{move:open|close} the blinds [in the {room}]",)),
            VoiceIntent("heating", ("set the heating to {degrees:number} degrees",)),
        ),
        {"room": ROOMS},
    ),
    "org.example.radio": Voice(
        (
            VoiceIntent("station", ("play radio {station:one|two|three|four}", "what station is this")),
            VoiceIntent("loudness", ("make it {change:louder|quieter}",)),
            VoiceIntent("halt", ("be quiet", "silence please")),
        )
    ),
    "org.example.clock": Voice(
        (
            VoiceIntent("alarm", ("wake me in {minutes:number} minutes", "cancel my alarm")),
            VoiceIntent("time", ("what time is it", "tell me the date")),
        )
    ),
}
TUNING_COMMANDS = {
    "switch on the kitchen lamp": "light",
    "switch off the living room lamp": "light",
    "switch on the office lamp": "light",
    "make the bedroom darker": "light",
    "make the hall brighter": "light",
    "open the blinds": "blinds",
    "close the blinds in the bathroom": "blinds",
    "open the blinds in the office": "blinds",
    "set the heating to twenty one degrees": "heating",
    "set the heating to eighteen degrees": "heating",
    "play radio one": "station",
    "play radio three": "station",
    "what station is this": "station",
    "make it louder": "loudness",
    "make it quieter": "loudness",
    "be quiet": "halt",
    "silence please": "halt",
    "wake me in thirty minutes": "alarm",
    "wake me in forty five minutes": "alarm",
    "cancel my alarm": "alarm",
    "what time is it": "time",
    "tell me the date": "time",
}
TUNING_OUTSIDE = """
switch on the television
make the bed
open the door for the cat
close your eyes and count to ten
set the table for dinner
play the violin concerto
what is this thing called
make me a sandwich
be careful with that
please be seated
wake up little susie
cancel the dentist appointment
what do you think about it
tell me a story about dragons
how far is the moon
the quick brown fox jumps over the lazy dog
i would like a cup of coffee
where did i leave my keys
we should paint the fence on saturday
the train leaves from platform nine
she sells sea shells by the sea shore
remember to call your mother
it was raining all day yesterday
do you want to go to the beach
my favourite colour is green
there is a spider in the bathtub
he bought a new car last week
can you hear me now
the meeting starts at half past two
no i do not think so
the children are playing outside
put the milk back in the fridge
how much does a ticket cost
the doctor will see you soon
turn left at the next corner
i have never been to italy
let us watch a film tonight
the soup needs more salt
who won the football match
this book is very interesting
good morning everybody
thank you very much indeed
please send me the report by friday
the window is broken
our neighbours are moving out
dinner is almost ready
how do you spell your name
yes that would be lovely
i need a new pair of shoes
the battery is almost empty
she is a very good singer
what happened at school today
the flowers need some water
wait for me at the station
the radio was invented long ago
the alarm went off at six
he quietly closed the book
the lamp in the hall is old
it is darker than yesterday
thirty people came to the party
""".strip().splitlines()

TUNING_NEAR = """
switch on the kitchen stove
switch off the garage lamp
make the bedroom tidy
open the window
close the curtains in the bathroom
set the heating to automatic
play radio hamlet
what song is this
make it simpler
be happy
science please
wake me in thirty weeks
cancel my order
what day is it
tell me the truth
open the blinds on sunday
""".strip().splitlines()

TEST_PROGRAMS = {
    "org.example.lights": Voice(
        (
            VoiceIntent("turn", ("turn {state:on|off} the {room} light", "turn the {room} light {state:on|off}")),
            VoiceIntent("all", ("[please] turn {state:on|off} all [the] lights",)),
            VoiceIntent("dim", ("dim the {room} light to {level:number} percent",)),
        ),
        {"room": ROOMS},
    ),
    "org.example.timer": Voice(
        (
            VoiceIntent("set", ("set a timer for {minutes:number} minutes", "set a timer for one minute")),
            VoiceIntent("cancel", ("cancel the timer", "stop the timer")),
            VoiceIntent("left", ("how much time is left",)),
        )
    ),
    "org.example.weather": Voice(
        (
            VoiceIntent("now", ("what is the weather [like] [today]",)),
            VoiceIntent("rain", ("will it rain {day:today|tomorrow}", "do i need an umbrella")),
        )
    ),
    "org.example.music": Voice(
        (
            VoiceIntent("play", ("play some {kind:jazz|rock|classical} music",)),
            VoiceIntent("pause", ("pause the music", "stop the music")),
            VoiceIntent("next", ("next song", "skip this song")),
            VoiceIntent("volume", ("turn the volume {way:up|down}", "set the volume to {level:number}")),
        )
    ),
    "org.example.lists": Voice(
        (
            VoiceIntent("add", ("add {item:milk|bread|eggs|apples} to the shopping list",)),
            VoiceIntent("read", ("read my shopping list",)),
        )
    ),
}
TEST_COMMANDS = {
    "turn on the kitchen light": "turn",
    "turn off the bedroom light": "turn",
    "turn on the living room light": "turn",
    "turn the office light off": "turn",
    "turn off all the lights": "all",
    "dim the bathroom light to forty percent": "dim",
    "set a timer for ten minutes": "set",
    "set a timer for twenty five minutes": "set",
    "cancel the timer": "cancel",
    "how much time is left": "left",
    "what is the weather like today": "now",
    "what is the weather": "now",
    "will it rain tomorrow": "rain",
    "do i need an umbrella": "rain",
    "play some jazz music": "play",
    "play some classical music": "play",
    "pause the music": "pause",
    "skip this song": "next",
    "next song": "next",
    "turn the volume up": "volume",
    "set the volume to fifty": "volume",
    "add milk to the shopping list": "add",
    "add apples to the shopping list": "add",
    "read my shopping list": "read",
}
TEST_OUTSIDE = """
turn around and look at me
turn the page and read on
turn the kitchen upside down
what is the capital of france
what is the matter with you
set an example for your brother
set the alarm for seven in the morning
will it ever be finished
will you marry me
do i have to go to school
play some games with the children
play the guitar for us
pause for a moment please
skip the first chapter
next week we are on holiday
how much is the fish
how much wood would a woodchuck chuck
cancel all my meetings
stop talking about it
add two and two together
read me a bedtime story
the weather was terrible last summer
my shopping bag is too heavy
the kitchen needs a new floor
music was my first love
dim sum is my favourite food
lock the front door
order a large pizza with mushrooms
call the fire brigade
send a message to my brother
what did you have for breakfast
i think we are going to be late
the cat is sleeping on the sofa
could you pass me the salt
there were seven people in the room
he works as an engineer in berlin
she plays tennis every tuesday
my phone is almost out of power
let me know when you get home
we had a wonderful time together
the price of petrol went up again
nobody knows the answer to that
are you coming to the party tonight
a bird in the hand is worth two in the bush
i forgot to water the plants
the museum opens at ten o'clock
take the second street on the right
yesterday all my troubles seemed so far away
where is the nearest hospital
please close the door behind you
the exam was easier than expected
it does not matter any more
my grandmother lives in a small village
have you seen my glasses anywhere
the movie was far too long
congratulations on your new job
to be or not to be
that is exactly what i meant
elephants never forget a face
hello how are you doing
excuse me is this seat taken
tomorrow is another day
open the garage door
buy a birthday present for anna
""".strip().splitlines()

# One or two words away from a command: the hardest phrases to turn down.
TEST_NEAR = """
turn on the kitchen radio
turn on the garage light
turn off the computer
turn the heating up
dim the bathroom mirror to forty percent
set a timer for ten hours
set the table for fifty
cancel the order
stop the car
how much time is needed
what is the temperature like today
will it snow tomorrow
do i need a passport
play some country music
pause the movie
next station
add sugar to the shopping list
read my latest message
""".strip().splitlines()


@dataclass(frozen=True, slots=True)
class Utterance:
    """One request as sound: 16 kHz mono int16, half a second of room before it and 0.7 s after it."""

    synthesiser: str
    voice: str
    condition: str
    text: str
    intent: str | None
    pcm: bytes


@cache
def speak(synthesiser: str, voice: str, text: str) -> NDArray[np.float32]:
    """``text`` in one voice: 16 kHz, -1 to 1, peak 0.5."""
    if synthesiser == "espeak":
        speech = Speech(voice)
        sound = np.frombuffer(resample(speech.samples(text), speech.sample_rate, RATE), np.int16)
    else:
        done = subprocess.run(
            ["flite", "-voice", voice, "-t", text, "-o", "/dev/stdout"], capture_output=True, check=True
        )
        # flite writes to a pipe with a wrong length in the header: take all that follows it
        with wave.open(io.BytesIO(done.stdout)) as file:
            sound = np.frombuffer(resample(done.stdout[44:], file.getframerate(), RATE), np.int16)
    real = sound.astype(np.float32) / np.float32(32768)
    return np.asarray(real * (0.5 / max(1e-6, float(np.abs(real).max()))), np.float32)


def pink_noise(samples: int, seed: int) -> NDArray[np.float32]:
    """Noise whose power falls with frequency, as fans, roads and rooms have it; root mean square 1."""
    generator = np.random.default_rng(seed)
    spectrum = np.fft.rfft(generator.standard_normal(samples))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 1))
    noise = np.fft.irfft(spectrum, samples)
    noise /= np.sqrt(np.mean(noise**2))
    return np.asarray(noise, np.float32)


def in_room(speech: NDArray[np.float32], condition: str, seed: int, before: float = 0.5, after: float = 0.7) -> bytes:
    """``speech`` with silence around it; ``condition`` is ``quiet`` (60 dB above the noise), ``soft`` (that, 20 dB
    softer), or ``noise <n> dB`` (the signal-to-noise ratio, in pink noise)."""
    if condition == "soft":
        speech = speech * np.float32(0.1)
    sound = np.concatenate([np.zeros(int(before * RATE)), speech, np.zeros(int(after * RATE))])
    power = float(np.mean(speech**2))
    ratio = float(condition.split()[1]) if condition.startswith("noise") else 60.0
    sound = sound + pink_noise(len(sound), seed) * np.sqrt(power / 10 ** (ratio / 10))
    pcm: bytes = (np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes()
    return pcm


def utterances(
    synthesiser: str, voices: tuple[str, ...], commands: dict[str, str], outside: list[str], condition: str
) -> Iterator[Utterance]:
    """Every phrase in every voice; the noise is the same in every run."""
    for voice in voices:
        for text, intent in [*commands.items(), *((text, None) for text in outside)]:
            seed = int.from_bytes(hashlib.sha256(f"{voice} {text} {condition}".encode()).digest()[:4], "big")
            pcm = in_room(speak(synthesiser, voice, text), condition, seed)
            yield Utterance(synthesiser, voice, condition, text, intent, pcm)
