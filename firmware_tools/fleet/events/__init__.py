"""Telemetry in the fleet's database: taken in exactly once, summed up, kept for a time, given out."""
