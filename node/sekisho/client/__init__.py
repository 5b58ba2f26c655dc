"""What talks to a node: people's programs to their own, a node to other companies'."""
