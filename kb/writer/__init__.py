"""The chat model: what it gets, what it writes, and the sources behind it.

Takes a question with its hits, gives checked sentences. Knows nothing about surfaces.
"""
