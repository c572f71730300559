"""Device <-> fleet: protocol messages, transport, content transfer, telemetry queue."""
