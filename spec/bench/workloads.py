"""What is measured, and what the project allows itself: every row of the table."""
import dataclasses

FLOOR, OURS = "floorjson", "xai"

CYCLE = [4, 6, 6, 5, 7, 7, 7, 6]  # content bytes of the server's eight tokens


@dataclasses.dataclass(frozen=True)
class Goal:
    """At most `limit`: a `ratio` to the floor, `added` to the floor's value, or
    the `value` itself.  `to` names another workload of our own to compare with
    in place of the floor."""

    metric: str
    kind: str
    limit: float
    to: str = ""


# metric: what the table calls it, and its unit (of the workload where empty)
METRICS = {
    "instructions": ("instructions", ""),
    "cpu": ("CPU us", ""),
    "peak": ("peak memory", "x body"),
    "memory": ("memory", "KB a stream"),
    "rss": ("peak memory", "MB"),
    "calls": ("system calls", "an event"),
    "p50": ("p50", "us"),
    "max": ("max", "us"),
    "connections": ("connections", ""),
}


@dataclasses.dataclass(frozen=True)
class Workload:
    """`kind` and `param` go to the peer, `settings` to the server.  `counted` are
    two sizes whose difference in instructions is free of the start-up: of the
    setting `by` that is named, or of the parameter.  `slowly` are settings for
    counting alone: valgrind and strace slow a peer down, and the events must
    still come one by one.  Where `calls` is set, system calls are counted."""

    title: str
    kind: str
    unit: str
    settings: dict = dataclasses.field(default_factory=dict)
    param: int = 0
    counted: tuple = ()
    by: str = "param"
    slowly: dict = dataclasses.field(default_factory=dict)
    calls: bool = False
    latency: str = ""
    tls: str = ""  # see tls.py: "one", "bundle", "h2"
    reads: str = ""  # "text" or "parts": our own stream:text() or parts(); the floor decodes all the same
    goals: tuple = ()

    def path(self, settings=None):
        text = ",".join(f"{k}={v}" for k, v in {**self.settings, **(settings or {})}.items())
        return f"/b/{text}/v1" if text else "/v1"

    def units(self, param):
        chunks = self.settings.get("chunks", 0)
        return {"cold": 1, "image": self.settings.get("mb"), "upload": 4 * (param or 0),
                "stream": chunks * (param or 1), "conc": chunks * (param or 1)}.get(self.kind, param)

    def body_mib(self):
        """The size that peak memory is a multiple of."""
        return {"image": self.settings.get("mb"), "upload": self.param * 1.09}.get(self.kind)

    def own(self):
        """Nobody but the floor and this library does it."""
        return bool(self.reads or self.tls)


def text_bytes(chunks):
    return sum(CYCLE) * (chunks // 8) + sum(CYCLE[: chunks % 8])


def ratios(instructions=None, cpu=None):
    limits = {"instructions": instructions, "cpu": cpu}
    return tuple(Goal(metric, "ratio", limit) for metric, limit in limits.items() if limit)


LONG = {"chunks": 100000, "batch": 64}
SHORT = {"chunks": 100, "batch": 100}
PACED = {"chunks": 50000, "batch": 1, "delay": 30}
MANY = {"counted": (5, 15), "by": "chunks", "latency": "lat"}
THROUGH_NGINX = {"kind": "conc", "unit": "event", "settings": {"chunks": 200, "delay": 5000}, "param": 256,
                 "latency": "lat"}
AT_ONCE = ratios(1.10, 1.10) + (Goal("p50", "added", 50), Goal("max", "ratio", 1.5))

WORKLOADS = {
    "cold": Workload("a program that makes one request", "cold", "run",
                     goals=(Goal("instructions", "value", 22e6),) + ratios(cpu=1.3)),
    "seq": Workload("small requests, one after the other", "seq", "request", {}, 20000, (100, 600),
                    goals=ratios(1.15, 1.10)),
    "stream64": Workload("one long stream, 64 events a write", "stream", "event", LONG, 1, (1000, 6000), "chunks",
                         goals=ratios(1.10, 1.12)),
    "short": Workload("streams of 100 events, one after the other", "stream", "event", SHORT, 500, (5, 55),
                      goals=ratios(1.10, 1.12)),
    "text64": Workload("the long stream by stream:text()", "stream", "event", LONG, 1, (1000, 6000), "chunks",
                       reads="text", goals=ratios(0.20, 0.25)),
    "text-short": Workload("the streams of 100 events by stream:text()", "stream", "event", SHORT, 500, (5, 55),
                           reads="text", goals=ratios(0.20, 0.25)),
    "parts64": Workload("the long stream by stream:parts()", "stream", "event", LONG, 1, (1000, 6000), "chunks",
                        reads="parts", goals=(Goal("instructions", "ratio", 1.25, to="text64"),)),
    "parts-short": Workload("the streams of 100 events by stream:parts()", "stream", "event", SHORT, 500, (5, 55),
                            reads="parts", goals=(Goal("instructions", "ratio", 1.25, to="text-short"),)),
    "paced": Workload("a stream with one event a read", "stream", "event", PACED, 1, (200, 700), "chunks",
                      {"delay": 2000}, calls=True, goals=ratios(cpu=1.05) + (Goal("calls", "value", 3.0),)),
    "conc256": Workload("256 streams at once", "conc", "event", {"chunks": 200, "delay": 5000}, 256,
                        slowly={"delay": 200000}, goals=AT_ONCE, **MANY),
    "conc1000": Workload("1,000 streams at once", "conc", "event", {"chunks": 200, "delay": 25000}, 1000,
                         slowly={"delay": 800000}, goals=AT_ONCE + (Goal("memory", "value", 40),), **MANY),
    "image32": Workload("an answer with an image of 32 MiB", "image", "MiB", {"mb": 32},
                        goals=ratios(cpu=0.50) + (Goal("peak", "value", 2.2),)),
    "upload8": Workload("a history of 8 MiB sent", "upload", "MiB", {}, 8,
                        goals=ratios(cpu=1.05) + (Goal("peak", "value", 5.2),)),
    "ttft": Workload("streams of 5 events, until the first", "ttft", "stream", {"chunks": 5, "delay": 1000}, 300,
                     latency="ttft", goals=ratios(cpu=1.15) + (Goal("p50", "added", 10),)),
    "tls256": Workload("256 streams by TLS, one certificate", tls="one", **THROUGH_NGINX),
    "tls256-ca": Workload("256 streams by TLS, the system's certificates", tls="bundle", goals=(
        Goal("cpu", "ratio", 1.2, to="tls256"), Goal("rss", "value", 45)), **THROUGH_NGINX),
    "tls256-h2": Workload("256 streams by TLS, the system's certificates, HTTP/2", tls="h2", goals=(
        Goal("cpu", "ratio", 1.2, to="tls256"), Goal("rss", "value", 45), Goal("connections", "value", 3)),
        **THROUGH_NGINX),
}
