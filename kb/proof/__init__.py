"""Whether quotes support a sentence.

Takes a sentence and quotes, gives yes or no. Knows nothing about indexes or models.
"""

from kb.proof.verify import is_supported

__all__ = ["is_supported"]
