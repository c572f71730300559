"""The runtime for MicroPython boards (1.24 and newer): plain MicroPython source.

On a board this folder is the package ``micro``, in a slot (``/cygnet/a/micro``, ``/cygnet/b/micro`` or
``/rom/cygnet/micro``), packed and compiled by ``firmware_tools/provision``; so its modules import each other relatively
and nothing else of Cygnet.
"""
