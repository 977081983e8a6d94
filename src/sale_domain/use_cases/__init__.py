"""One story a module, each over the ports."""
