"""The SQL of access, one file per family of tables."""
