"""Faults under load, and whether anything was lost: see docs/reference/reliability.md. `make chaos` runs all of it."""
