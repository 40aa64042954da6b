#!/usr/bin/python3
"""An SMTP server that accepts connections and no mail.

usage: smtp ADDRESS:PORT...
"""

import asyncio
import socket
import sys

from aiosmtpd.smtp import (  # type: ignore[import-not-found,import-untyped,unused-ignore]
    SMTP,
    Envelope,
    Session,
)


class NoMail:
    """Refuses each recipient."""

    async def handle_RCPT(  # noqa: N802 -- aiosmtpd finds its hooks by these names
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """The answer to RCPT TO."""
        return "550 5.1.1 no mailbox here"


async def serve(places: list[str]) -> None:
    """Listen on all addresses for ever."""
    loop = asyncio.get_running_loop()
    for place in places:
        address, _, port = place.rpartition(":")
        await loop.create_server(
            lambda: SMTP(NoMail(), hostname=socket.gethostname(), loop=loop), address, int(port)
        )
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1:]))
