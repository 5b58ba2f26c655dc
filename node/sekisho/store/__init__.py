"""Durable state: a node's folder, and everything that must survive a fall, in one SQLite file.

All writing goes through one thread that commits what waits as one transaction; whoever submits is
answered when it is on disk. Reading goes past it. What the rows mean is decided in the rooms below.
"""
