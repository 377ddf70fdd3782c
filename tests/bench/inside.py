"""What the server alone takes: the same application, called in a process of its own.

A script for `manage.py shell`; what follows it uses `median`, in milliseconds, and `call`, which
returns the headers of the answer. Headers of the request are named as in WSGI.
"""

from __future__ import annotations

INSIDE = """
import io, statistics, sys, time
from hc.wsgi import application
def call(path, **headers):
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": "",
        "SERVER_NAME": "localhost", "SERVER_PORT": "80", "HTTP_HOST": "localhost",
        "wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr, "wsgi.url_scheme": "http",
        "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1", **headers}
    told = {}
    answer = application(environ, lambda status, found: told.update(found, status=status))
    for _ in answer: pass
    answer.close()
    return told
def median(path, number=200, wanted="2", **headers):
    times = []
    for _ in range(number + 20):
        began = time.perf_counter()
        told = call(path, **headers)
        times.append(time.perf_counter() - began)
        assert told["status"].startswith(wanted), told
    return round(statistics.median(times[20:]) * 1000, 2)
"""
