"""The specification: one plain-Python loop for each statistic and step, obviously right, never fast.

An oracle reads a log as plain lists (see :func:`tests.strategies.plain`) and returns plain dictionaries.
"""
