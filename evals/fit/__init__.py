"""Fits the small models from data; the product only reads their weights."""
