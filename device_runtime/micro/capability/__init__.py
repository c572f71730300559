"""What a board does for its programs: lights, buzzer, sensors, buttons, storage, telemetry.

``board.json`` says what there is. A capability of a part that the board lacks is one that it does not know.
"""
