"""Programs on a board: Python pages, their lives, events, timers and limits.

A program is played without a board by :class:`.program.Program` (``tests/micro/program/player.py`` does so)::

    program = Program(folder, Limits({"event_ms": 2000, "heap_kb": 200, "nodes": 200}), invoke, write, True)
    program.start("/pages/a/a?x=1")                   # or "" for the first page
    program.take_patches()                            # [[page id, operations], ...] since it was last asked
    program.event(page, node, "tap", detail, time_stamp)
    program.timers.wait(clock.ticks_ms())             # milliseconds to the next timer, -1: none
    program.fire_timers()                             # those that are due by clock.ticks_ms()
    program.stop()

``invoke(name, values)`` answers a capability or raises ``CapabilityError``; ``write(level, source, text)`` gets log
lines. ``ProgramError`` out of any of them says in a sentence why the program is to be ended.
"""
