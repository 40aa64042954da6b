"""The remote side: what is run and sent to a host, and the frame in which it replies.

The conversation, in order; ``C`` is the controller, ``H`` the host. Lines end with a newline.

1. C runs ``login_command(sudo, nonce)`` on the host, in whatever login shell.
2. H, on standard output: ``PORTASWITCH <nonce> login``. A banner may come before it, without a
   line end even. With ``sudo="password"`` C now writes the password and a newline, and waits.
3. H: ``PORTASWITCH <nonce> ready python|shell root|user``, or ``... none``, or ``... refused``,
   and then ends. ``Conversation`` reads these lines.
4. C writes ``payload(...)``: the line ``PORTASWITCH <nonce> payload <length>`` and that many
   bytes. Standard input may stay open or be closed. For Python the bytes are base64 of zlib of
   texts with a NUL between them: the source that starts, name and source of each of the program's
   parts, and last the request as JSON. For bash they are a script, preceded by the request as
   variables.
5. H, on standard output, within its deadline:
   ``PORTASWITCH <nonce> reply zlib <length> <crc32>``, a line of base64 (zlib, JSON in the shape
   of ``facts.raw.Raw``), ``PORTASWITCH <nonce> end``. From bash: ``reply text <length> 0``, then
   sections that ``facts.shell`` reads. ``complete`` says when to stop waiting, ``reply`` unpacks,
   and ``facts.parse.parse_reply`` turns it into facts.

A program that gives up says so in its reply. One that is cut off leaves a reply without its end.
Nothing on the host outlives the program's deadline, which is a second before the controller's,
nor, in Python, the controller's own end of the connection while probes are under way.
"""

from pytest_portaswitch.observe.remote.frame import Reply, Trouble, complete, reply
from pytest_portaswitch.observe.remote.login import Sudo, login_command
from pytest_portaswitch.observe.remote.payload import payload

__all__ = [
    "Reply",
    "Sudo",
    "Trouble",
    "complete",
    "login_command",
    "payload",
    "reply",
]
