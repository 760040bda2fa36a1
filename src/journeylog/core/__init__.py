"""The core: schema, time, chunk, counts, contracts, kernels, intervals, log."""
