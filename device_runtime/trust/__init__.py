"""What a device believes of its fleet: The Update Framework's metadata beside the signed desired document.

A device installs only what both name. ``docs/trust.md`` says which parts of TUF and Uptane these are.
"""
