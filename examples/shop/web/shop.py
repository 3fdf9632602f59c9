"""A small shop: pages over a PostgreSQL database, and a folder of uploaded pictures.

What differs between versions is in features.py: SCHEMA (run at start-up), QUERY and card(product).

  GET  /              the products
  GET  /version       the version, as plain text
  GET  /health        200 when the page could be shown, else 500 and the reason
  GET  /uploads       the names of the uploaded files, one a line
  GET  /uploads/NAME  one of them
  PUT  /uploads/NAME  stores one
"""

import os
import re
import shutil
import signal
import sys
import urllib.request
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psycopg2
import psycopg2.extras

import features

VERSION = os.environ["SHOP_VERSION"]
DATABASE_URL = os.environ.get("DATABASE_URL", "")
UPLOADS = Path("/srv/uploads")
LARGEST_UPLOAD = 10 * 1024 * 1024

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>The Rewind Shop</title>
<style>
  body {{ font: 16px/1.5 system-ui, sans-serif; color: #223; background: #f6f4ef; max-width: 46rem; margin: 3rem auto; padding: 0 1rem }}
  header {{ display: flex; align-items: baseline; justify-content: space-between }}
  .version {{ background: {color}; color: #fff; border-radius: 1rem; padding: .1rem .8rem }}
  article {{ background: #fff; border-radius: .6rem; padding: 1rem 1.4rem; margin: 1rem 0; box-shadow: 0 1px 3px #0002 }}
  h2 {{ margin: 0; font-size: 1.1rem }} .price {{ float: right; font-weight: 600 }}
  .stars {{ color: #d48806 }} blockquote {{ margin: .4rem 0; color: #556; font-style: italic }}
</style>
<header><h1>The Rewind Shop</h1><span class="version">version {version}</span></header>
{cards}
<footer><p>Pictures from customers: {uploads}</p></footer>
</html>
"""


def log(message):
    print(message, file=sys.stderr, flush=True)


def database():
    return psycopg2.connect(DATABASE_URL, connect_timeout=3, cursor_factory=psycopg2.extras.RealDictCursor)


def products():
    connection = database()
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(features.QUERY)
            return cursor.fetchall()
    finally:
        connection.close()


def prepare_database():
    connection = database()
    try:
        with connection, connection.cursor() as cursor:
            # Two containers of one service may start together: one prepares, the other waits.
            cursor.execute("SELECT pg_advisory_xact_lock(1)")
            cursor.execute(features.SCHEMA)
    finally:
        connection.close()


def uploads():
    return sorted(path.name for path in UPLOADS.iterdir() if path.is_file() and not path.name.startswith("."))


def page():
    cards = "\n".join(features.card({key: escape(str(value)) for key, value in row.items()}) for row in products())
    return PAGE.format(version=escape(VERSION), color=features.COLOR, cards=cards, uploads=len(uploads()))


class Shop(BaseHTTPRequestHandler):
    server_version = "shop/" + VERSION

    def answer(self, status, body, content_type="text/plain; charset=utf-8"):
        data = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def upload_path(self):
        name = self.path.removeprefix("/uploads/")
        return UPLOADS / name if re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}", name) else None

    def do_GET(self):
        try:
            if self.path == "/":
                self.answer(200, page(), "text/html; charset=utf-8")
            elif self.path == "/version":
                self.answer(200, VERSION + "\n")
            elif self.path == "/health":
                page()
                self.answer(200, "ok\n")
            elif self.path == "/uploads":
                self.answer(200, "".join(name + "\n" for name in uploads()))
            elif (path := self.upload_path()) and path.is_file():
                self.answer(200, path.read_bytes(), "application/octet-stream")
            else:
                self.answer(404, "there is no such page\n")
        except psycopg2.Error as error:
            reason = " ".join(str(error).split())
            log(f"error: {self.path}: {reason}")
            self.answer(500, reason + "\n")

    def do_PUT(self):
        path = self.upload_path() if self.path.startswith("/uploads/") else None
        length = int(self.headers.get("Content-Length") or 0)
        if path is None or not 0 < length <= LARGEST_UPLOAD:
            self.answer(400, "PUT /uploads/NAME with a body of at most 10 MiB\n")
            return
        # Nobody ever reads half a picture: it gets its name when it is complete.
        unfinished = path.with_name("." + path.name)
        with unfinished.open("wb") as file:
            shutil.copyfileobj(LimitedBody(self.rfile, length), file)
        unfinished.rename(path)
        self.answer(201, "stored\n")

    def log_message(self, format, *arguments):
        if self.path not in ("/health", "/version"):
            log(format % arguments)


class LimitedBody:
    """A request's body as a file: the connection itself has no end to read to."""

    def __init__(self, file, length):
        self.file, self.left = file, length

    def read(self, size):
        data = self.file.read(min(size, self.left))
        self.left -= len(data)
        return data


def check():
    """The container's health check."""
    try:
        with urllib.request.urlopen("http://127.0.0.1:8080/health", timeout=2) as response:
            print(response.read().decode().strip())
    except OSError as error:
        reason = error.read().decode().strip() if hasattr(error, "read") else error
        sys.exit(f"unhealthy: {reason}")


def main():
    # The first process of a container gets no SIGTERM that it does not ask for.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    log(f"shop {VERSION} starts")
    prepare_database()
    server = ThreadingHTTPServer(("0.0.0.0", 8080), Shop)
    server.daemon_threads = True
    server.serve_forever()


if __name__ == "__main__":
    check() if "--check" in sys.argv else main()
