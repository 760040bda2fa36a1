"""Personas: groups of customers, what tells each from the others, and one real journey that stands for it."""
