"""An arm64 Debian root on this machine's processor: the device's wheel, all that it needs, and a spoken request.

``make arm64`` runs it. It tells results, not times: every instruction of the device is translated by qemu.
"""
