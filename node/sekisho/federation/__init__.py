"""One query over many nodes → a fragment for each provider and a residual; reads no data."""
