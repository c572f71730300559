"""A fleet of devices without hardware: the device's own sync agents, many in one process, and what goes wrong around
them."""
