"""Building what is compiled, and running a peer once."""
import http.client
import json
import os
import resource
import shlex
import subprocess
import tempfile

import tls
from workloads import FLOOR, OURS, text_bytes

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.realpath(os.path.join(HERE, "..", "..", ".build", "bench"))
SCRATCH = tempfile.TemporaryDirectory(prefix="xai-bench-")  # two runs do not meet
METER = SCRATCH.name + "/meter.json"
WATCHER = [f"{BUILD}/meter", METER, "300"]
LIBCURL = ["-lcurl"]
LUA = ["-I/usr/include/lua5.4", "-llua5.4"]
PROGRAMS = {  # the sources and the libraries of each
    "server": (["server.c", "server_answers.c", "server_events.c", "server_request.c", "server_timers.c"], []),
    "meter": (["meter.c"], []),
    "floor": (["peers/floor.c", "peers/floor_plain.c"], LIBCURL),
    FLOOR: (["peers/floor.c", "peers/floor_json.c", "peers/floor_text.c"], LIBCURL + LUA),
}


class Failure(Exception):
    """A peer did not do what it was asked."""


class Missing(Failure):
    """It cannot be done here, or not by this peer."""


def newer(sources, target):
    headers = [f"{HERE}/server.h", f"{HERE}/peers/floor.h"]
    return not os.path.exists(target) or any(
        os.path.getmtime(target) < os.path.getmtime(file) for file in sources + headers)


def build():
    """Compile what has changed; thousands of streams want as many descriptors."""
    os.makedirs(BUILD, exist_ok=True)
    for name, (sources, libraries) in PROGRAMS.items():
        target, sources = f"{BUILD}/{name}", [f"{HERE}/{file}" for file in sources]
        if newer(sources, target):
            subprocess.run([os.environ.get("CC", "cc"), "-O2", "-o", target] + sources + libraries, check=True)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class Server:
    """The server of this bench, in a process of its own, for one measurement."""

    def __enter__(self):
        command = [f"{BUILD}/server", "-p", "0", "-i", "60"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().split()[1])
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()

    def post(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request("POST", path, "{}")
        connection.getresponse().read()
        connection.close()


def last_line(text, otherwise):
    lines = text.strip().splitlines()
    return lines[-1][:150] if lines else otherwise


def complaint(text, otherwise):
    """The line of stderr that says what went wrong: Lua's first, others' last."""
    return text.splitlines()[0][:150] if text.startswith("lua") else last_line(text, otherwise)


def run_peer(watcher, peer, workload, proxy, param, settings=None):
    """Run a peer once under `watcher`, a command in front of its own; what it
    printed, decoded."""
    words = watcher + shlex.split(peer.command)
    if workload.reads and peer.name == OURS:
        words.append(workload.reads)
    words += [workload.kind, proxy.origin + workload.path(settings)] + ([str(param)] if param else [])
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False,
                          env={**os.environ, **peer.env, **proxy.env})
    if done.returncode:
        raise Failure(complaint(done.stderr, f"exit {done.returncode}"))
    out = json.loads(last_line(done.stdout, "{}"))
    if not out or out.get("na"):
        raise Missing("cannot do this")
    return out


def check(workload, param, out):
    """A peer that did not do the work is no measurement."""
    if out.get("floor"):  # it moves bytes and reads nothing
        return
    n, chunks = param or 1, workload.settings.get("chunks", 0)
    image = workload.settings.get("kb", workload.settings.get("mb", 0) << 10) << 10
    wanted = {"seq": 80 * n, "cold": 80, "stream": text_bytes(chunks) * n, "conc": text_bytes(chunks) * n,
              "image": image * n}.get(workload.kind)
    if wanted is not None and out.get("content_bytes") != wanted:
        raise Failure(f"read {out.get('content_bytes')} bytes, not {wanted}")
    if "chunks" in out and out["chunks"] != chunks * n:
        raise Failure(f"read {out['chunks']} events, not {chunks * n}")
    if workload.kind == "upload" and not out.get("received", 0) > n * 512 * 2000:
        raise Failure(f"the server received {out.get('received')}")


def read_meter():
    with open(METER, encoding="ascii") as file:
        return json.load(file)


def measure(workload, peer, secure=""):
    """One run: CPU in us, peak memory in KB, how many units of work that was,
    how many connections (by TLS), and what the peer printed."""
    param = peer.fewer.get(workload.kind, workload.param)
    with Server() as server, tls.proxy(SCRATCH.name, server.port, workload.tls or secure) as proxy:
        if workload.kind == "image":  # rendered once, and not while measured
            server.post(workload.path() + "/images/generations")
        before = proxy.connections()
        out = run_peer(WATCHER, peer, workload, proxy, param)
        connections = proxy.connections() - before - 1
    check(workload, param, out)
    cost = read_meter()
    return {"cpu": cost["user_us"] + cost["sys_us"], "peak": max(cost["maxrss_kb"], cost["tree_kb"]),
            "units": workload.units(param), "connections": connections, "out": out}
