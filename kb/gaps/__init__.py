"""Questions without a good answer: grouped, drafted, exported.

Takes stored answers, gives gaps. Knows nothing about pages.
"""
