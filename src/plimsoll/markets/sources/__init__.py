"""One file per provider of prices."""
