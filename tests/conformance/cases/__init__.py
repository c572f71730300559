"""The table of hand-written cases."""

from tests.conformance.cases import beyond, events, life, properties, slots, templates

CASES = (*templates.CASES, *properties.CASES, *slots.CASES, *events.CASES, *life.CASES, *beyond.CASES)
