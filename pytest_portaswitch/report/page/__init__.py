"""The audit page of a cluster, the page over all clusters, and the head of a run log."""

from pytest_portaswitch.report.page.fleet import link
from pytest_portaswitch.report.page.plain import render_plain
from pytest_portaswitch.report.page.render import (
    prepare,
    render,
    render_fleet,
    render_header,
)

__all__ = ["link", "prepare", "render", "render_fleet", "render_header", "render_plain"]
