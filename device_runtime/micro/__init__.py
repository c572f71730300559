"""The runtime for MicroPython boards (1.24 and newer): plain MicroPython source, deployed as it stands.

On a board this folder is the package ``micro``, in one of two slots (``/cygnet/a/micro``, ``/cygnet/b/micro``), so its
modules import each other relatively and nothing else of Cygnet.
"""
