"""The audit page: one HTML file that shows the evidence of one cluster, and nothing else."""

from pytest_portaswitch.report.page.render import render

__all__ = ["render"]
