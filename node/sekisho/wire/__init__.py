"""What travels: protobuf messages and Arrow in Flight's framing."""
