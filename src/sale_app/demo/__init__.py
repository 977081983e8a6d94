"""`sale demo`: everything on one machine, with real parts, and a sale played through it."""
