"""What comes from outside is taken or refused in one sentence: one module a target.

A target has ``feed(data)``, which makes something hostile of any bytes and checks what our code does with it, and
``CASES``, by what they were: what broke it once, each checked by ``check``. ``test_fuzz.py`` feeds every target in
seconds; ``python -m tests.fuzz`` (``make fuzz``) does so for longer, led by the branches that atheris sees.
"""
