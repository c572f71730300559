from cygnet import CapabilityError, call

# The program's own model, which hears "on" and "off". Its card, models/on_off.toml, says how: the same file on a
# speaker, and compiled by the build on a microcontroller.
MODEL = "models/on_off.tflite"


def listen():
    # The session that listens, and why there is none.
    session = 0
    try:
        session = call("inference.open", model=MODEL)["session"]
        call("inference.listen", session=session)
    except CapabilityError as error:
        deafen(session)
        return 0, str(error)
    return session, ""


def deafen(session):
    if session:
        call("inference.close", session=session)
