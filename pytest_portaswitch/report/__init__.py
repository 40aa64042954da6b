"""Reports and evidence: they render, they decide nothing."""
