"""What a program may call: one module a capability, one registry, permission and consent in one place."""
