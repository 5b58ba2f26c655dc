"""One query over many nodes → a fragment for each provider, and the residual over their answers."""
