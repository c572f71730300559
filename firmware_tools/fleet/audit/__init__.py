"""The audit log: who did what, chained and signed, so that it cannot be edited unseen."""
