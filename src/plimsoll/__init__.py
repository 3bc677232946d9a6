"""Plimsoll: what you own, what it is worth, how much you can safely carry, and what you owe."""
