"""What is said to a service and how its reply is recognised, one module a protocol.

The remote program knows none of them: it follows steps, and brings back bytes.
"""
