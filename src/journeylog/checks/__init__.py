"""Data quality: what is wrong with a log, how badly, and with what evidence; one file a family of checks."""
