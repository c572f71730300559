"""What lies in deploy/ is accepted by what reads it, and each command line in it is run."""
