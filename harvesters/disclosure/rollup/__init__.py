"""Adaptive roll-up: the machinery of ``disclosure.policies.rollup``, whose docstring has the argument for safety."""
