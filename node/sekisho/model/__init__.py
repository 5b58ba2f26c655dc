"""Frozen values: what parties, datasets, contracts and queries are, and what follows from them."""
