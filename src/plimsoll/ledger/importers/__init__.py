"""One file per kind of file that others write."""
