"""A mini-program: manifest, package, page stack, session."""
