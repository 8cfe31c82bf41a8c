"""More rows than one machine holds: a cluster reduces them, and everything else stays as it is.

Needs the extra ``spark``. Only this package imports Ibis; nothing else of ``disclosure`` imports this package.
"""
