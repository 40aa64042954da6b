#!/usr/bin/python3
"""A small HTTP service.

usage: http_service ADDRESS:PORT...
"""

import http.server
import sys
import threading


class Page(http.server.BaseHTTPRequestHandler):
    """Answers GET and HEAD."""

    server_version = "porta"
    sys_version = ""

    def do_GET(self) -> None:
        """One short page."""
        self.answer(b"ready\n")

    def do_HEAD(self) -> None:
        """Its header."""
        self.answer(b"")

    def answer(self, body: bytes) -> None:
        """Send status, headers and body."""
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Serve all addresses until killed."""
    for place in sys.argv[1:]:
        address, _, port = place.rpartition(":")
        server = http.server.ThreadingHTTPServer((address, int(port)), Page)
        threading.Thread(target=server.serve_forever).start()


if __name__ == "__main__":
    main()
