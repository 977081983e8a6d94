"""What Redis keeps for Sale: a copy of the policies (C9). Sale works without it."""
