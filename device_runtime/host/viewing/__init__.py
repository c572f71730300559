"""An operator of the fleet looks at what this device's screen shows, if the person at the device allows it."""
