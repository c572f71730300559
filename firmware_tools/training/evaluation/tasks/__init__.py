"""How models of each task are judged: a module a task, found by its name, with a class ``Evaluator``."""
