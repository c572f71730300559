from cygnet import CapabilityError, call

# What a device may lack: the program goes on without.


def light(on):
    try:
        call("led.set", name="lamp", on=on)
    except CapabilityError:
        return False
    return True
