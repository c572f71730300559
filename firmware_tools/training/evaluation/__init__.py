"""Evaluation by scenario: one module a task (``tasks``), behind one interface (``evaluator``)."""
