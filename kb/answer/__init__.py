"""Hits to sentences: quotes, composing, Markdown.

Takes hits, gives sentences with citations. Knows nothing about conversations or chat models.
"""
