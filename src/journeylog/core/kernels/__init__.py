"""The hot loops, one small file a subject; each is readable as the definition of what it counts.

Compiled by numba on first use and cached; with ``NUMBA_DISABLE_JIT=1`` the same functions run as plain Python.
"""
