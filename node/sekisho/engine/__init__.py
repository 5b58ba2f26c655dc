"""Engines: what computes a plan, in processes that hold no keys."""
