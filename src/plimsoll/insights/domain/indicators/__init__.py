"""One file per trade: averages, momentum, trend, bands, volume, levels."""
