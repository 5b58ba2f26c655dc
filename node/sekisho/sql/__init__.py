"""SQL as trees: read twice, allowed form by form, names looked up, made total, written anew.

What may be read, and whose each name is, are questions that the gate and the federation both ask;
what a contract allows is the gate's own.
"""
