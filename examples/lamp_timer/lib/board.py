from cygnet import CapabilityError, call

# What a device may lack: the program goes on without.


def light(on):
    try:
        call("led.set", name="lamp", on=on)
    except CapabilityError:
        return False
    return True


def beep():
    try:
        call("buzzer.play", frequency=880, seconds=0.1)
    except CapabilityError:
        pass


def report(on, minutes):
    try:
        call("telemetry", name="lamp", values={"on": on, "minutes": minutes})
    except CapabilityError:
        pass
