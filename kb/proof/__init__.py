"""Whether quotes support a sentence.

Takes a sentence and quotes, gives yes or no. Knows nothing about indexes or models.
"""
