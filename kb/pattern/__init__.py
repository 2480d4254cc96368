"""Which pattern fits a case: the model, its rules, the reasons.

Takes conditions, gives a verdict and its proof. Knows nothing about how it is shown.
"""
