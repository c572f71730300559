"""Updates of programs and models on a device: one machine of states, kept on the disk, and what is done in each."""
