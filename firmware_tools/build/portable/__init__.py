"""Programs in Python: the subset that all engines agree on, its checker, and what the build makes of a source file."""
