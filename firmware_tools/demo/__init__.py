"""The whole system on one machine, started and checked."""
