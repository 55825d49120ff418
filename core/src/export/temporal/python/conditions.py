"""Conditions in CEL over `output`."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cel


@lru_cache(maxsize=4096)
def compiled(condition: str) -> Any:
    return cel.compile(condition)


def holds(condition: str, value: Any) -> bool:
    """Whether a condition holds of a value. What cannot be asked raises a `ValueError`: neither
    answer would be safe to take."""
    try:
        found = compiled(condition).execute({"output": value})
    except Exception as error:
        raise ValueError(str(error)) from error
    if not isinstance(found, bool):
        raise ValueError(f"it gives {found!r}, which is neither true nor false")
    return found
