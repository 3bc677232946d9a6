"""The embedded PostgreSQL server: its binaries, its folder, its owner, its life."""
