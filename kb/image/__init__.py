"""AWS base images: what is asked for, the official tables, the URI.

Takes the parts of an image, gives a URI and the way to it. Knows nothing about searching.
"""
