"""A small application that reads its settings in the way that is written in front of it, and one table.

The part in front sets `connect` (a function that gives a connection to its database) and `seen` (what it has read).
"""

SCHEMA = """
CREATE TABLE wallets (id int PRIMARY KEY, balance int NOT NULL);
INSERT INTO wallets VALUES (1, 100);
"""

SERVER = """
import http.server, json, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        try:
            with connect() as connection:
                connection.execute("UPDATE wallets SET balance = balance + 50 WHERE id = 1")
            self.answer(200, {})
        except Exception as error:
            print(type(error).__name__, error, file=sys.stderr)
            self.answer(500, {"detail": str(error)})
    def do_GET(self):
        self.answer(200, seen)
    def answer(self, status, content):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass

http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
