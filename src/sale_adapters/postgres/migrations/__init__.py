"""The database's tables, step by step: every revision that there ever was, in order."""
