"""All that runs on a device. Imports nothing from firmware_tools."""
