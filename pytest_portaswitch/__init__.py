"""Audits a PortaSwitch cluster against the vendor's interconnection tables."""
