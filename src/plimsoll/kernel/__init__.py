"""Words every slice shares; pure."""
