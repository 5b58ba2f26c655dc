"""What an attacker would ask under a contract, and what it would conclude from the answers."""
