"""What may be published of many rows: thresholds, dominance, complements, overlap, rounding."""
