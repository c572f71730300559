"""Many processes that hear and store for one fleet, on one PostgreSQL: who is there, and who has which devices."""
