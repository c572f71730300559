"""Template program + data -> view tree -> patches. No engine, no I/O."""
