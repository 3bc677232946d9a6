"""A report as files: CSV, JSON, workbook, PDF."""
