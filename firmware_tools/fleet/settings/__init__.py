"""Settings of devices: named sets of them, in versions, given to devices and rolled out."""
