"""Boards with MicroPython in figures: memory, start, events, and what goes over the cable.

python -m benchmarks.boards
"""
