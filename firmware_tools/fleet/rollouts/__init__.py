"""Rollouts: bringing a release to a group of devices in stages, which stop when it does not do well."""
