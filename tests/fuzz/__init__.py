"""Readers fed with bytes nobody would write: a few in every test run, as many as one likes by ``make fuzz``."""
