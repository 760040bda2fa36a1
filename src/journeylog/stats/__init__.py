"""Statistics: one file a family; no statistic imports another."""
