"""Trust: whose keys these are, what they may sign, and whose certificate this is."""
