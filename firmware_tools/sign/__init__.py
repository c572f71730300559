"""Developer and fleet keys."""
