"""The table of hand-written cases."""

from tests.conformance.cases import events, life, properties, slots, templates

CASES = (*templates.CASES, *properties.CASES, *slots.CASES, *events.CASES, *life.CASES)
