"""Documents: read strictly, written canonically, sealed in envelopes; none is believed yet."""
