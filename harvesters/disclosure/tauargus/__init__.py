"""Hierarchies, tables and a-priori files in the form of tau-Argus, read and written."""
