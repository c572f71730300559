"""How many bytes each device sends and receives, by day."""
