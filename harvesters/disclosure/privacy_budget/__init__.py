"""Differential privacy: mechanisms of OpenDP, bounds on what one unit adds, and a budget that is spent once.

The guarantee is zero-concentrated differential privacy (Bun and Steinke, TCC 2016), which adds up over releases.
"""
