"""The lowest point of a loss, for the small models that are fitted here."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Matrix = NDArray[np.float64]
Loss = Callable[[Matrix], tuple[float, Matrix]]


def descend(loss: Loss, size: int) -> Matrix:
    """Weights at the lowest point of a convex `loss`, which gives its value and its gradient."""
    found = minimize(loss, np.zeros(size), jac=True, method="L-BFGS-B", options={"maxiter": 1_000})
    return np.asarray(found.x, np.float64)
