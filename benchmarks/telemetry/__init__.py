"""Telemetry on its way into the fleet's database."""
