"""Notes all that mitmproxy reads in clear of its clients.

As JSON, a line each: every request as it is understood, headers first, and every piece of decrypted bytes before
anything is understood of them. Leads every connection to the origin on loopback, whatever its name.
"""

import json

from mitmproxy import ctx
from mitmproxy.proxy import events
from mitmproxy.proxy.layers import tls


class Record:
    def load(self, loader):
        loader.add_option("record", str, "record.jsonl", "Where to note it.")
        loader.add_option("origin_port", int, 0, "Where every connection is led; 0: where it wants.")

    def running(self):
        self.file = open(ctx.options.record, "a", encoding="utf-8")
        decrypted = tls.ClientTLSLayer.event_to_child
        record = self

        def event_to_child(layer, event):
            # What comes while the layer is busy is kept, and passes here once more.
            ours = isinstance(event, events.DataReceived) and event.connection is layer.conn
            if ours and not hasattr(event, "noted"):
                event.noted = True
                record.note(decrypted=event.data.decode("latin-1"))
            yield from decrypted(layer, event)

        tls.ClientTLSLayer.event_to_child = event_to_child

    def note(self, **what):
        self.file.write(json.dumps(what) + "\n")
        self.file.flush()

    def server_connect(self, data):
        if ctx.options.origin_port:
            data.server.address = ("127.0.0.1", ctx.options.origin_port)

    def tls_established_client(self, data):
        self.note(handshake=data.conn.tls_version, sni=data.conn.sni)

    def http_connect(self, flow):
        self.note(connect=flow.request.host, headers=list(flow.request.headers.items()))

    def requestheaders(self, flow):
        request = flow.request
        self.note(
            request=request.method,
            url=request.pretty_url,
            version=request.http_version,
            headers=list(request.headers.items()),
        )

    def request(self, flow):
        self.note(body=flow.request.get_text(strict=False))


addons = [Record()]
