"""Generated protobuf code; edit `proto/` and run `make proto`."""
