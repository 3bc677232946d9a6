"""Who may do what, and how secrets look; pure."""
