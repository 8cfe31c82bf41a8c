"""What `verify` can recompute from a published table alone: one module for each policy."""
