"""How the gate counts the input again: one module for each policy, sharing no counting with ``disclosure.policies``."""
