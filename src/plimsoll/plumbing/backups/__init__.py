"""Backups: one file with everything, how it is taken while the service runs, and put back."""
