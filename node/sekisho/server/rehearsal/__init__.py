"""A contract tried before anybody signs: on a node of its own, with throw-away keys and state."""
