"""Configurations of brokers that let each client touch its own topics alone."""
