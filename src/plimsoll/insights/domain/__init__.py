"""Indicators, batch and streaming, and what they add up to; pure."""
