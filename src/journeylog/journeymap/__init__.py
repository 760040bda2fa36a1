"""The customer journey map: statistics of one log, put together stage by stage."""
