"""The micro runtime made small for boards: sentences out, modules joined, names shortened."""
