"""The audit page: one HTML file that shows the evidence of one cluster, and nothing else."""

from pytest_portaswitch.report.page.render import render, render_fleet

__all__ = ["render", "render_fleet"]
