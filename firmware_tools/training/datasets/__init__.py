"""What makes data sets: one module a builder, found by its name."""
