"""The command `sekisho`: one module a noun, which calls what a user of the library would call."""
