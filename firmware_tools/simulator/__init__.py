"""A board on the developer's screen: a program in its own worker, and tools beside it.

``simulator`` puts the parts together: the real device of ``device_runtime.host`` with instruments between its parts.
``inspected`` is the worker that tells of itself, ``inspector`` keeps what all of them tell, ``gate`` watches what the
program asks of the host, ``building`` turns source into installed packages, ``faults`` says where an error is in the
source, ``tools`` serves the page in ``web/`` over a WebSocket, whose messages ``messages`` checks.
"""
