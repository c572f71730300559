"""Clusters of brokers on loopback, and what a fleet on them survives."""
