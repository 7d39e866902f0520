#!/usr/bin/env python3
"""What the library costs, workload by workload, against the floor and its peers.

  spec/bench/run                          all workloads, all peers that are here
  spec/bench/run -w seq,stream64 -r 5     some, five times
  spec/bench/run -p floorjson,xai         without the others
  spec/bench/run -x 'other=lua5.4 x.lua'  one more peer (contract: README.md)
  spec/bench/run --write                  keep what was measured in results.json
  spec/bench/run growth|plot|smoke        see growth.py, plot.py, smoke.py
"""
import argparse
import statistics
import sys

import peers
import results
import running
import tables
import tls
from counting import Counter, system_calls
from running import Failure, Missing, measure
from workloads import FLOOR, OURS, WORKLOADS


def middle(values):
    return statistics.median(values)


def summary(workload, samples, cold):
    """Medians, per unit; CPU and memory without those of the peer's `cold` run."""
    own = {what: middle(s[what] for s in cold) if cold and workload.kind != "cold" else 0 for what in ("cpu", "peak")}
    kb = middle(s["peak"] for s in samples)
    found = {"cpu": middle(max(0, s["cpu"] - own["cpu"]) / s["units"] for s in samples), "rss": kb / 1024}
    if workload.body_mib():
        found["peak"] = (kb - own["peak"]) / 1024 / workload.body_mib()
    if workload.kind == "conc":
        found["memory"] = (kb - own["peak"]) / workload.param
    if workload.tls:
        found["connections"] = middle(s["connections"] for s in samples)
    for what in ("p50", "p99", "max"):
        key = f"{workload.latency}_{what}_us"
        if key in samples[0]["out"]:
            found[what] = middle(s["out"][key] for s in samples)
    return found


class Bench:
    def __init__(self, chosen, options):
        self.peers, self.options = chosen, options
        self.counter = Counter()
        self.cold = {}  # samples of each peer's cold run
        self.failures = 0
        self.cannot = set()
        self.results = {"workloads": {}, "counter": self.counter.by}

    def attempt(self, name, peer, f):
        """What f() gives, or None and a line that says why not."""
        try:
            return f()
        except Missing as reason:
            if str(reason) not in self.cannot and str(reason) != "cannot do this":
                self.cannot.add(str(reason))
                print(f"not measured: {name}, {peer.name}: {reason}")
        except Failure as failure:
            self.failures += 1
            print(f"FAILED  {name}, {peer.name}: {failure}")
        return None

    def taking_part(self, workload):
        return [p for p in self.peers.values() if p.name in (FLOOR, OURS) or not workload.own()]

    def sample(self, name):
        """Interleaved, in turning order, so that neighbours disturb all alike."""
        workload, samples = WORKLOADS[name], {}
        runs = max(self.options.runs, 5) if workload.kind == "cold" else self.options.runs
        for run in range(runs):
            for peer in self.taking_part(workload)[:: 1 if run % 2 == 0 else -1]:
                if run and peer.name not in samples:
                    continue  # it could not the first time
                one = self.attempt(name, peer, lambda: measure(workload, peer, self.options.tls and "one"))
                if one:
                    samples.setdefault(peer.name, []).append(one)
        return samples

    def measure(self, name):
        workload, samples = WORKLOADS[name], self.sample(name)
        if name == "cold":
            self.cold = samples
        found = {p: summary(workload, s, self.cold.get(p)) for p, s in samples.items()}
        for peer, values in found.items():
            for what, count in (("instructions", self.counter.instructions), ("calls", system_calls)):
                value = self.attempt(name, self.peers[peer], lambda: count(self.peers[peer], workload))
                if value is not None:
                    values[what] = value
        self.results["workloads"][name] = found

    def run(self, names):
        if "cold" not in names:
            self.cold = self.sample("cold")
        print(tables.line(tables.HEAD, tables.WIDTHS))
        for name in names:
            reason = WORKLOADS[name].tls and tls.missing()
            if reason:
                print(f"not measured: {name}: no {reason}")
                continue
            self.measure(name)
            for text in tables.goal_lines(self.results, name):
                print(text, flush=True)


def keep(found, runs):
    """Into results.json, in place of the same workloads of the same peers."""
    kept = results.load()
    for name, values in found["workloads"].items():
        kept["workloads"].setdefault(name, {}).update(values)
    kept["workloads"] = {n: kept["workloads"][n] for n in WORKLOADS if n in kept["workloads"]}
    kept.update(results.circumstances(runs), counter=found["counter"])
    results.save(kept)


def read_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-r", "--runs", type=int, default=3, help="of each measurement (3)")
    parser.add_argument("-w", "--workloads", default=",".join(WORKLOADS), help="some of " + ",".join(WORKLOADS))
    parser.add_argument("-p", "--peers", default="", help="some of floorjson,xai,"
                        + ",".join(p.name for p in peers.OTHERS))
    parser.add_argument("-x", "--extra", action="append", default=[], metavar="NAME=COMMAND")
    parser.add_argument("--tls", action="store_true", help="all through nginx, with TLS")
    parser.add_argument("--write", action="store_true", help="keep what was measured in results.json")
    options = parser.parse_args()
    options.workloads = [n for n in options.workloads.split(",") if n]
    unknown = [n for n in options.workloads if n not in WORKLOADS]
    if unknown:
        parser.error("no such workload: " + ", ".join(unknown))
    if options.write and options.tls:
        parser.error("what is kept was measured without --tls")
    return options


def main():
    options = read_options()
    running.build()
    chosen, missing = peers.choose([n for n in options.peers.split(",") if n], options.extra)
    bench = Bench(chosen, options)
    print(f"Per unit of work; medians of {options.runs}; instructions of user mode, counted by "
          f"{'the processor' if bench.counter.by_processor else 'valgrind'}; ! is a goal missed.")
    if missing:
        print("Not here, so not measured (make bench PEERS=all installs them): " + ", ".join(missing))
    print()
    bench.run(options.workloads)
    print(f"\n{tables.PEERS_ARE}\n")
    for text in tables.peer_lines(bench.results, list(chosen)):
        print(text)
    if options.write:
        keep(bench.results, options.runs)
    sys.exit(1 if bench.failures else 0)


if __name__ == "__main__":
    main()
