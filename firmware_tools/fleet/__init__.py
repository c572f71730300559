"""Registry, content, telemetry store, operator page."""
