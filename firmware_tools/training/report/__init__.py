"""The report of a model's test: one HTML file that needs nothing else."""
