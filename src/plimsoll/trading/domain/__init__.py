"""The exchange as a pure machine: commands in, events out."""
