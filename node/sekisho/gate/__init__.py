"""SQL × contract → plan or refusal: what a consumer may ask, decided without touching data."""
