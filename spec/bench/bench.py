#!/usr/bin/env python3
"""What the library costs, workload by workload, against the floor.

  spec/bench/run                          all workloads
  spec/bench/run -w seq,stream64 -r 5     some, five times
  spec/bench/run -x 'other=lua5.4 x.lua'  one more peer (contract: README.md)
"""
import argparse
import http.client
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile

import tls

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.realpath(os.path.join(HERE, "..", "..", ".build", "bench"))
SCRATCH = tempfile.TemporaryDirectory(prefix="xai-bench-")  # two runs do not meet
METER, LOG = SCRATCH.name + "/meter.json", SCRATCH.name + "/valgrind.log"
FLOOR = "floorjson"

CYCLE = [4, 6, 6, 5, 7, 7, 7, 6]  # content bytes of the server's eight tokens


class Workload:
    """`kind` and `param` go to the peer, `settings` to the server.  `counted`
    are two sizes whose difference in instructions is free of the start-up: of
    the setting `chunks`, or of the parameter.  The goals are ratios to the
    floor: of instructions, and of CPU time."""

    def __init__(self, kind, settings, param, unit, counted=None, by=None,
                 instructions=None, cpu=None, peak=None, latency=None, peer=""):
        self.kind, self.settings, self.param, self.unit = kind, settings, param, unit
        self.counted, self.by = counted, by
        self.goal_instructions, self.goal_cpu, self.goal_peak = instructions, cpu, peak
        self.latency, self.peer = latency, peer

    def path(self, chunks=None):
        settings = dict(self.settings)
        if chunks:
            settings["chunks"] = chunks
        text = ",".join(f"{k}={v}" for k, v in settings.items())
        return f"/b/{text}/v1" if text else "/v1"

    def units(self):
        chunks = self.settings.get("chunks", 0)
        return {"cold": 1, "image": self.settings.get("mb"), "upload": 4 * (self.param or 0),
                "stream": chunks * (self.param or 1), "conc": chunks * (self.param or 1),
                }.get(self.kind, self.param)

    def body_mib(self):
        """The size that peak memory is a multiple of."""
        return {"image": self.settings.get("mb"), "upload": (self.param or 0) * 1.09}.get(self.kind)


LONG = {"chunks": 100000, "batch": 64}
SHORT = {"chunks": 100, "batch": 100}
WORKLOADS = {
    "cold": Workload("cold", {}, None, "run", instructions=1.35, cpu=1.3),
    "seq": Workload("seq", {}, 10000, "request", (100, 600), "param", 1.15, 1.10),
    "stream64": Workload("stream", LONG, 1, "event", (1000, 6000), "chunks", 1.10, 1.12),
    "short": Workload("stream", SHORT, 500, "event", (5, 55), "param", 1.10, 1.12),
    "text64": Workload("stream", LONG, 1, "event", (1000, 6000), "chunks", 0.20, 0.25, peer="text"),
    "text-short": Workload("stream", SHORT, 500, "event", (5, 55), "param", 0.20, 0.25, peer="text"),
    "paced": Workload("stream", {"chunks": 50000, "batch": 1, "delay": 30}, 1, "event", cpu=1.05),
    "conc256": Workload("conc", {"chunks": 200, "delay": 5000}, 256, "event", cpu=1.10, latency="lat"),
    "conc1000": Workload("conc", {"chunks": 200, "delay": 25000}, 1000, "event", cpu=1.10, latency="lat"),
    "image32": Workload("image", {"mb": 32}, None, "MiB", cpu=0.50, peak=2.2),
    "upload8": Workload("upload", {}, 8, "MiB", cpu=1.05, peak=5.2),
    "ttft": Workload("ttft", {"chunks": 5, "delay": 1000}, 300, "stream", cpu=1.15, latency="ttft"),
}
USUAL = "cold,seq,stream64,short,text64,text-short,conc256,image32,upload8,ttft"


class Failure(Exception):
    pass


# ---- Building ------------------------------------------------------------------

def newer(source, target):
    return not os.path.exists(target) or os.path.getmtime(target) < os.path.getmtime(source)


def build():
    os.makedirs(BUILD, exist_ok=True)
    lua = "-DJSON -I/usr/include/lua5.4 -lcurl -llua5.4"
    for name, source, flags in (("server", "server.c", ""), ("meter", "meter.c", ""),
                                ("floor", "peers/floor.c", "-lcurl"), ("floorjson", "peers/floor.c", lua)):
        target, source = f"{BUILD}/{name}", f"{HERE}/{source}"
        if newer(source, target):
            command = [os.environ.get("CC", "cc"), "-O2", "-o", target, source] + flags.split()
            subprocess.run(command, check=True)


# ---- Running ---------------------------------------------------------------------

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


def run_peer(watcher, command, workload, origin, param, chunks=None):
    """Run a peer once under `watcher`; what it printed, decoded."""
    words = watcher + shlex.split(command) + [workload.kind, origin + workload.path(chunks)]
    words += [str(param)] if param else []
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise Failure(last_line(done.stderr, f"exit {done.returncode}"))
    out = json.loads(last_line(done.stdout, "{}"))
    if not out or out.get("na"):
        raise Failure("not available")
    return out


def text_bytes(chunks):
    return sum(CYCLE) * (chunks // 8) + sum(CYCLE[: chunks % 8])


def check(workload, out):
    """A peer that did not do the work is no measurement."""
    if out.get("floor"):  # it moves bytes and reads nothing
        return
    n, chunks = workload.param or 1, workload.settings.get("chunks", 0)
    wanted = {"seq": 80 * n, "cold": 80, "stream": text_bytes(chunks) * n, "conc": text_bytes(chunks) * n,
              "image": workload.settings.get("mb", 0) << 20}.get(workload.kind)
    if wanted is not None and out.get("content_bytes") != wanted:
        raise Failure(f"read {out.get('content_bytes')} bytes, not {wanted}")
    if "chunks" in out and out["chunks"] != chunks * n:
        raise Failure(f"read {out['chunks']} events, not {chunks * n}")
    if workload.kind == "upload" and not out.get("received", 0) > n * 512 * 2000:
        raise Failure(f"the server received {out.get('received')}")


def measure(workload, command, secure):
    """One run: CPU in µs, peak memory in MiB, and what the peer printed."""
    with Server() as server, tls.proxy(SCRATCH.name, server.port, secure) as origin:
        if workload.kind == "image":  # rendered once, and not while measured
            server.post(workload.path() + "/images/generations")
        watcher = [f"{BUILD}/meter", METER, "120"]
        out = run_peer(watcher, command, workload, origin, workload.param)
    check(workload, out)
    with open(METER, encoding="ascii") as file:
        cost = json.load(file)
    return {"cpu": cost["user_us"] + cost["sys_us"], "peak": max(cost["maxrss_kb"], cost["tree_kb"]) / 1024,
            "out": out}


# ---- Counting instructions -----------------------------------------------------

class Counter:
    """Counts user instructions: by the processor where that is permitted, by
    valgrind otherwise (slower, and the same within 1 %)."""

    def __init__(self):
        subprocess.run([f"{BUILD}/meter", METER, "10", "true"], check=True)
        self.by_processor = self.read_meter() is not None

    @staticmethod
    def read_meter():
        with open(METER, encoding="ascii") as file:
            return json.load(file)["ins_user"]

    @staticmethod
    def read_log():
        with open(LOG, encoding="utf-8") as file:
            for line in file:
                if "Collected :" in line:
                    return int(line.split(":")[1])
        raise Failure("valgrind counted nothing")

    def count(self, command, workload, param, chunks=None):
        meter = [f"{BUILD}/meter", METER, "120"]
        valgrind = ["valgrind", "--tool=callgrind", f"--log-file={LOG}",
                    "--callgrind-out-file=/dev/null"]
        with Server() as server:
            origin = f"http://127.0.0.1:{server.port}"
            run_peer(meter if self.by_processor else valgrind, command, workload, origin, param, chunks)
        return self.read_meter() if self.by_processor else self.read_log()

    def per_unit(self, command, workload):
        if workload.kind == "cold":
            return self.count(command, workload, None)
        if not workload.counted:
            return None
        few, many = workload.counted
        if workload.by == "chunks":
            counts = [self.count(command, workload, workload.param, n) for n in (few, many)]
            return (counts[1] - counts[0]) / (many - few)
        counts = [self.count(command, workload, n) for n in (few, many)]
        return (counts[1] - counts[0]) / (many - few) / workload.settings.get("chunks", 1)


# ---- The table -------------------------------------------------------------------

def short(value):
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def ratio(value, floor, goal):
    """A ratio with its goal; `!` where it misses it."""
    if value is None or not floor:
        return "-"
    mark = "!" if goal and value / floor > goal else " "
    return f"{value / floor:5.2f}{mark}" + (f" ({goal:.2f})" if goal else "       ")


def per_unit(samples, cold, workload):
    """The median of CPU per unit, without the peer's own start and end."""
    own = 0 if workload.kind == "cold" else cold
    return statistics.median(max(0, s["cpu"] - own) for s in samples) / workload.units()


def extras(workload, samples, cold_peak):
    """Peak memory as a multiple of the body; waiting times."""
    middle = statistics.median
    if workload.goal_peak:
        peak = (middle(s["peak"] for s in samples) - cold_peak) / workload.body_mib()
        return f"peak {peak:.1f} x body ({workload.goal_peak})"
    name = workload.latency
    if not name:
        return ""
    p50, p99 = (middle(s["out"][f"{name}_{p}_us"] for s in samples) for p in ("p50", "p99"))
    return f"{'first event' if name == 'ttft' else 'added'} p50 {p50:.0f}, p99 {p99:.0f} us"


class Bench:
    def __init__(self, peers, options):
        self.peers, self.options = peers, options
        self.names = [n for n in options.workloads.split(",") if n]
        self.samples = {}
        self.failures = 0

    def command(self, peer, workload):
        command = self.peers[peer]
        return f"{command} {workload.peer}" if peer == "xai" and workload.peer else command

    def try_one(self, name, peer, f):
        try:
            return f()
        except Failure as failure:
            self.failures += 1
            print(f"FAILED  {name}, {peer}: {failure}")
            return None

    def measure_all(self):
        """Interleaved, in turning order, so that neighbours disturb all alike."""
        for name in ["cold"] + [n for n in self.names if n != "cold"]:
            for run in range(self.options.runs):
                for peer in list(self.peers)[:: 1 if run % 2 == 0 else -1]:
                    workload = WORKLOADS[name]
                    command = self.command(peer, workload)
                    sample = self.try_one(name, peer, lambda: measure(workload, command, self.options.tls))
                    if sample:
                        self.samples.setdefault((name, peer), []).append(sample)

    def cold(self, peer, what):
        return statistics.median([s[what] for s in self.samples.get(("cold", peer), [])] or [0])

    def row(self, name, peer, counts):
        workload, samples = WORKLOADS[name], self.samples.get((name, peer))
        if not samples:
            return
        cpu = {p: per_unit(self.samples[name, p], self.cold(p, "cpu"), workload)
               for p in (peer, FLOOR) if (name, p) in self.samples}
        count = counts.get(peer)
        print(f"{name:<11}{workload.unit:<9}{peer:<10}{short(count):>12}"
              f"{ratio(count, counts.get(FLOOR), peer != FLOOR and workload.goal_instructions):>14}"
              f"{short(cpu[peer]):>10}{ratio(cpu[peer], cpu.get(FLOOR), peer != FLOOR and workload.goal_cpu):>14}"
              f"   {extras(workload, samples, self.cold(peer, 'peak'))}")

    def report(self, counter):
        how = "the processor" if counter.by_processor else "valgrind"
        print(f"\nUser instructions (counted by {how}) and CPU time per unit, and their ratios to the\n"
              f"floor (goals in brackets, ! where one is missed); medians of {self.options.runs}.\n")
        print(f"{'workload':<11}{'unit':<9}{'peer':<10}{'instructions':>12}{'ratio':>7}{'goal':>7}"
              f"{'CPU us':>10}{'ratio':>7}{'goal':>7}")
        for name in self.names:
            counts = {}
            for peer in self.peers:
                command = self.command(peer, WORKLOADS[name])
                counts[peer] = self.try_one(name, peer, lambda: counter.per_unit(command, WORKLOADS[name]))
            for peer in self.peers:
                self.row(name, peer, counts)


def read_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-r", "--runs", type=int, default=3, help="of each measurement (3)")
    parser.add_argument("-w", "--workloads", default=USUAL, help="some of " + ",".join(WORKLOADS))
    parser.add_argument("-x", "--extra", action="append", default=[], metavar="NAME=COMMAND")
    parser.add_argument("--tls", action="store_true", help="time through nginx, with TLS")
    return parser.parse_args()


def main():
    options = read_options()
    build()
    lua = os.environ.get("LUA", "lua5.4")
    peers = {FLOOR: f"{BUILD}/floorjson", "xai": f"{lua} {HERE}/peers/xai.lua"}
    peers.update(extra.split("=", 1) for extra in options.extra)
    bench = Bench(peers, options)
    bench.measure_all()
    bench.report(Counter())
    sys.exit(1 if bench.failures else 0)


if __name__ == "__main__":
    main()
