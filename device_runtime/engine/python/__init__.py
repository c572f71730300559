"""Programs in Python on Linux: Monty, in a process of its own, behind the interface that QuickJS is behind, too.

A worker talks to its Monty over one socket (:mod:`.wire`, :mod:`.session`). In Monty runs ``prelude.monty``, which
holds the program's modules and pages. :mod:`.engine` answers what ``program/worker.py`` asks of an engine.
"""
