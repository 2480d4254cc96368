"""Strings only: language, normal form, sentences, tokens, mark-up, n-grams.

Takes strings, gives strings, spans and lists. Knows nothing about documents, indexes or models.
"""
