"""The JSON forms of everything that leaves or enters Sale."""
