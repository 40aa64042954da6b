"""The files of a pack."""

from pytest_portaswitch.report.files import EVIDENCE, PAGE

OSCAL = "oscal-assessment-results.json"
SUMS = "SHA256SUMS"
SIGNATURE = "SHA256SUMS.sig"

SUMMED = (PAGE, EVIDENCE, OSCAL)
"""The files that the sums name, sorted."""

ALL = (*SUMMED, SUMS, SIGNATURE)
"""Every file that a pack may have."""

__all__ = ["ALL", "EVIDENCE", "OSCAL", "PAGE", "SIGNATURE", "SUMMED", "SUMS"]
