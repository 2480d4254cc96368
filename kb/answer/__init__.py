"""Hits to sentences: quotes, composing, Markdown; and a given answer in another form.

Takes hits, or an answer, gives sentences with citations. Knows nothing about chat models.
"""
