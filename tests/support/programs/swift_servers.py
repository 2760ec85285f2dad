"""Runs Swift's four servers in one process, as loading Swift takes most of their time:

    python3 swift_servers.py object PORT CONFIG container PORT CONFIG ...
"""
import os
import sys
import time

import eventlet

eventlet.patcher.monkey_patch(all=False, socket=True, select=True, thread=True)

from eventlet import wsgi
from swift.common.utils import NullLogger, get_hub
from swift.common.wsgi import SwiftHttpProtocol, init_request_processor

os.environ["TZ"] = "UTC+0"
time.tzset()
eventlet.hubs.use_hub(get_hub())
servers = []
words = sys.argv[1:]
while words:
    name, port, config, *words = words
    app = init_request_processor(config, name + "-server")[0]
    # As Swift's own servers: clients of S3 know headers by their exact names.
    options = {"protocol": SwiftHttpProtocol, "capitalize_response_headers": False}
    listener = eventlet.listen(("127.0.0.1", int(port)), backlog=4096)
    servers.append(eventlet.spawn(wsgi.server, listener, app, NullLogger(), **options))
for server in servers:
    server.wait()
