"""Deliberately leaky variants of the product: each must be caught by the detector that says the product is tight."""
