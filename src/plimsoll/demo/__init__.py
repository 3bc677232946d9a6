"""A desk to look at: an invented market, and 24 months of one invented person's ledger."""
