"""The program that is sent to a host, in parts.

Nothing here is imported on the controller but by tests: the parts travel as text and run from
memory under any Python from 3.6 on. So they keep to the standard library and to Python 3.6,
their annotations are strings that are never evaluated, and they import each other by full name.
"""
