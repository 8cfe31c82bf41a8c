"""A HiGHS instance that prints nothing: the library writes a banner to standard output, where commands write JSON."""

from __future__ import annotations

from typing import Any

import highspy


class _Quiet(highspy.Highs):
    """HiGHS without callbacks, whose set-up is what prints."""

    def __init__(self) -> None:
        super(highspy.Highs, self).__init__()
        self.callbacks: list[Any] = []
        self.setOptionValue("output_flag", False)


def quiet(**options: float | bool | str) -> Any:
    """A solver with one thread, a fixed seed and these options; untyped, as the library is."""
    model: Any = _Quiet()
    for option, value in {"threads": 1, "random_seed": 0, **options}.items():
        model.setOptionValue(option, value)
    return model
