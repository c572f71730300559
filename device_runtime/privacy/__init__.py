"""The data plan of programs, enforced: what may leave, whether a person said yes to it, and the record of it."""
