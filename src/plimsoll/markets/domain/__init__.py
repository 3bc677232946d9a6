"""Assets, pairs, prices and the board; pure."""
