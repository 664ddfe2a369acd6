"""Local or cloud: what answers cost, and which deployment suits. Pure arithmetic over receipts and settings."""
