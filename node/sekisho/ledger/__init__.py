"""The evidence: entries, their Merkle tree, receipts, checkpoints, and what verifies them.

Everything here is pure: instants, salts and stored bytes come in as arguments. Keeping the entries
on disk is `store`'s work, signing receipts and checkpoints is `documents`' and `trust`'s.
"""
