"""What Sale needs of the world, as Protocols that adapters keep."""
