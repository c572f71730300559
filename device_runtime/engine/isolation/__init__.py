"""What keeps a worker from everything but its socket.

The zygote prepares all barriers once (:mod:`.confine`), and each worker puts on, with a few system calls, what cannot
be inherited. ``docs/security.md`` says what each barrier is for.
"""
