"""Sale as a running service: settings, the composition root, and the processes."""
