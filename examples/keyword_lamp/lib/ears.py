from cygnet import CapabilityError, call

# The program's own model, which hears "on" and "off". Its card, models/on_off.toml, says how: the same file on a
# speaker, and compiled by the build on a microcontroller. A device that cannot run it may know the two words itself.
MODEL = "models/on_off.tflite"
ABILITY = "spoken-commands"


def listen():
    # The session that listens, and why there is none.
    session = 0
    try:
        session = opened()
        call("inference.listen", session=session)
    except CapabilityError as error:
        deafen(session)
        return 0, str(error)
    return session, ""


def opened():
    try:
        return call("inference.open", model=MODEL)["session"]
    except CapabilityError:
        return call("inference.open", ability=ABILITY)["session"]


def deafen(session):
    if session:
        call("inference.close", session=session)
