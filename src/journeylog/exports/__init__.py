"""The way out: logs and results in the forms that other programs read."""
