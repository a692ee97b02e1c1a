"""Sweeps: a template becomes axes, axes become cells, cells become a plan with a price, and a plan becomes clips."""
