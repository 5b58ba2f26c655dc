"""The running node: its two faces, and the way of every call through it."""
