"""Porting a WeChat or SWAN program: what of it works on this host, what does not, and what to do instead."""
