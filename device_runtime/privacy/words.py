"""A data plan in plain words, for the owner of a device: what is sent, in which detail, for what, where to, how long it
is kept, and whether the program needs it."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from device_runtime.program.data_fields import DataField, plain_number
from device_runtime.program.data_plan import DEVICE, FLEET, OTHER_DEVICE, Category, DataItem, Purpose

_WHAT: Mapping[Category, str] = {
    "usage": "how you use the program",
    "diagnostics": "how well the program works, and its faults",
    "preferences": "your settings and choices",
    "content": "what you write or make",
    "identifier": "a name or number that stands for you or this device",
    "contact": "your name, address, phone number or e-mail address",
    "device": "facts about this device",
    "sensor": "what this device measures",
    "vehicle": "facts about your vehicle",
    "location": "where you or this device are",
    "voice": "sound from the microphone",
    "speech": "what you say",
    "image": "pictures",
    "health": "facts about your health",
    "finance": "facts about your money",
    "address_book": "the people whom you know",
    "unspecified": "anything",
}
_PURPOSES: Mapping[Purpose, str] = {
    "service": "to do what the program is for",
    "improvement": "to make the program better",
    "personalisation": "to fit the program to you",
    "safety": "to keep people and things safe",
    "statistics": "to make statistics about many people",
    "research": "to do research",
    "marketing": "to advertise to you",
}
_MOST_NAMED = 8
_YEAR = 365
_STEP_SIZES = ((1024 * 1024, "MB"), (1024, "KB"), (1, "bytes"))


def heading(purpose: Purpose) -> str:
    """What stands above the items of one purpose."""
    return _PURPOSES[purpose].capitalize()


def what(category: Category) -> str:
    """The kind of data."""
    return _WHAT[category]


def where(destination: str) -> str:
    """A destination: a server by the name of its host."""
    named = {DEVICE: "this device", FLEET: "your fleet", OTHER_DEVICE: "your other devices"}
    try:
        host = named.get(destination) or urlsplit(destination).netloc or destination
    except ValueError:  # nothing checks what a manifest has for an origin before it is called
        host = destination
    return host if host.isprintable() else ascii(host)


def detail(item: DataItem) -> str:
    """The fields of an item, and how exact each is; nothing where what stays on the device has none."""
    if item.is_unspoken:
        return "anything"
    told = [f"{name.replace('_', ' ')} ({_detail(each)})" for name, each in item.fields.items()]
    if len(told) > _MOST_NAMED:
        told[_MOST_NAMED - 1 :] = [f"{len(told) - _MOST_NAMED + 1} more values"]
    listed = listing(told) or ("only that it happened" if item.leaves else "")
    return f"{listed}, only counted" if item.precision == "aggregated" else listed


def kept(item: DataItem) -> str:
    """How long it is kept where it goes, as a sentence."""
    if not item.leaves:
        return "Nothing of it leaves this device."
    if not item.retention_days:
        return "It is not kept there: when the answer is made, it is gone."
    return f"It is kept there for {how_long(item)}."


def how_long(item: DataItem) -> str:
    """The same in a word or two."""
    if not item.leaves:
        return "stays here"
    return _days(item.retention_days) if item.retention_days else "not kept"


def sentence(item: DataItem) -> str:
    """All that an owner may want to know about one item, in a few short sentences."""
    return unspoken([item]) if item.is_unspoken else " ".join(_sentences(item))


def _sentences(item: DataItem) -> list[str]:
    said = [
        f"{': '.join(part for part in (_way(item), detail(item)) if part)}.",
        f"It does so {_PURPOSES[item.purpose]}. The maker of the program says: “{item.reason}”.",
        kept(item),
        "The program cannot work without it."
        if item.basis == "contract"
        else "The program does not need it: you can say no.",
    ]
    return [*said, *([further(item)] if further(item) else [])]


def further(item: DataItem) -> str:
    """What else an item may tell something of, as a sentence, or nothing."""
    others = [_WHAT[each] for each in dict.fromkeys(item.derived_from) if each != item.category]
    return f"It may also tell something of {listing(others)}." if others else ""


def question(items: Sequence[DataItem], program_name: str) -> str:
    """What a person is asked: about all items of one purpose, or about one that is sensitive, or about a program that
    does not say what it sends."""
    name = f"“{' '.join(program_name.split())}”"
    if all(item.is_unspoken for item in items):
        return f"{name}: {unspoken(items)}\n\nDo you agree?"
    if len(items) == 1:
        said = "\n".join(_sentences(items[0]))
        return f"{name} asks you for one thing.\n\n{said}\n\nDo you agree?"
    listed = "\n".join(f"• {_brief(item)}" for item in items)
    needed = any(item.basis == "contract" for item in items)
    end = "The program cannot work without it." if needed else "The program works without it: you can say no."
    for_what = _PURPOSES[items[0].purpose]
    return f"{name} asks you for {len(items)} things, {for_what}:\n\n{listed}\n\n{end}\n\nDo you agree?"


def spoken(items: Sequence[DataItem], program_name: str) -> str:
    """The same in so few words that somebody hears them out; the screen has all of it."""
    name = " ".join(program_name.split())
    if all(item.is_unspoken for item in items):
        return (
            f"{name} does not say what it sends. May it send to {listing([where(item.destination) for item in items])}?"
        )
    kinds = listing(list(dict.fromkeys(_WHAT[item.category] for item in items)))
    if not any(item.leaves for item in items):
        return f"May {name} keep {kinds} on this device, {_PURPOSES[items[0].purpose]}?"
    places = listing(list(dict.fromkeys(where(item.destination) for item in items if item.leaves)))
    return f"May {name} send {kinds} to {places}, {_PURPOSES[items[0].purpose]}?"


def unspoken(items: Sequence[DataItem]) -> str:
    """What is said of a program without a plan; ``items`` are those of its plan that says so."""
    places = listing([where(item.destination) for item in items])
    return (
        f"Its maker does not say what this program sends, or for what. It may send anything to {places}, where it may "
        "be kept for ever. Sound from the microphone and other things that are as personal do not go there."
    )


def _brief(item: DataItem) -> str:
    """One item among others of its purpose."""
    way = (
        f"{_WHAT[item.category]}, to {where(item.destination)}" if item.leaves else f"{_WHAT[item.category]}, kept here"
    )
    kept_for = f" {kept(item)}" if item.leaves else ""
    more = f" {further(item)}" if further(item) else ""
    return f"{way}: {detail(item)}. “{item.reason}”.{kept_for}{more}"


def listing(words: Sequence[str], last: str = "and") -> str:
    """``a, b and c``."""
    return f" {last} ".join([*([", ".join(words[:-1])] if len(words) > 1 else []), *words[-1:]])


def _way(item: DataItem) -> str:
    if not item.leaves:
        return f"The program uses {_WHAT[item.category]} on this device"
    return f"The program sends {_WHAT[item.category]} to {where(item.destination)}"


def _detail(field: DataField) -> str:
    match field.kind:
        case "boolean":
            return "yes or no"
        case "choice":
            few = len(field.choices) <= _MOST_NAMED
            return listing(field.choices, "or") if few else f"one of {len(field.choices)} words"
        case "integer" | "number":
            return _number(field)
        case "text":
            return f"any text of up to {field.longest:,} characters"
        case "audio":
            return f"a sound recording of up to {_size(field.longest)}"
        case "image":
            return f"a picture of up to {_size(field.longest)}"
        case "bytes":
            return f"any data of up to {_size(field.longest)}"
        case "any":
            return "anything"


def _number(field: DataField) -> str:
    exact = "a whole number" if field.kind == "integer" else "an exact number"
    return " ".join(
        [
            f"rounded to {plain_number(field.step)}" if field.step else exact,
            *([f"from {plain_number(field.least)}"] if field.least is not None else []),
            *([f"up to {plain_number(field.most)}"] if field.most is not None else []),
        ]
    )


def _size(count: int) -> str:
    size, unit = next((size, unit) for size, unit in _STEP_SIZES if count >= size)
    return f"{plain_number(round(count / size, 1))} {unit}"


def _days(days: int) -> str:
    count, unit = (days // _YEAR, "year") if days % _YEAR == 0 else (days, "day")
    return f"{count:,} {unit}" if count == 1 else f"{count:,} {unit}s"
