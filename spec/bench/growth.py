#!/usr/bin/env python3
"""What an event, a request and a byte cost as there are more of them.

  spec/bench/run growth            prints the tables
  spec/bench/run growth --write    and keeps them in results.json

Straight lines are expected: ten thousand streams cost ten times what a thousand do.
"""
import argparse
import statistics
import sys

import peers
import results
import running
from counting import Counter
from running import Failure, measure
from tables import short
from workloads import FLOOR, OURS, Workload

STREAMS = (1, 10, 100, 1000, 5000)
# KiB of an answer, and how many such answers one run asks for.
ANSWERS = {1: 3000, 16: 500, 256: 40, 4096: 3, 65536: 1, 250000: 1}
EVENT_BYTES = 305
COUNTED, TIMED = 4000, 40000  # events in a run
COUNTED_US, TIMED_US = 1000, 50  # between two of them, over all streams


def streams(n, chunks, us):
    """n streams at once; an event every `us` over all of them, however many."""
    return Workload("", "conc", "event", {"chunks": chunks, "delay": n * us}, n)


def fewest(n):
    """The first events of a stream cost more: what repeats is not known yet."""
    return max(8, 500 // n)


class Streams:
    """The instructions of n streams, each counted once: thousands take a while."""

    def __init__(self):
        self.counter, self.known = Counter(), {}

    def count(self, peer, n, chunks):
        key = (peer.name, n, chunks)
        if key not in self.known:
            self.known[key] = self.counter.count(peer, streams(n, chunks, COUNTED_US), n)
        return self.known[key]


def instructions_of_event(counter, peer, n):
    more = max(4, COUNTED // n)
    few, many = (counter.count(peer, n, chunks) for chunks in (fewest(n), fewest(n) + more))
    return (many - few) / more / n


def instructions_of_request(counter, peer, n):
    """A stream of one event, with the connection that it needs: the difference
    to a run with one stream only."""
    n = max(n, 2)
    one, many = (counter.count(peer, k, 1) for k in (1, n))
    return (many - one) / (n - 1)


def cpu_of_event(peer, n):
    more = max(8, TIMED // n)
    few, many = (measure(streams(n, chunks, TIMED_US), peer)["cpu"] for chunks in (fewest(n), fewest(n) + more))
    return max(0, many - few) / more / n


def answer(kind, kib):
    if kind == "json":
        return Workload("", "image", "answer", {"kb": kib}, ANSWERS[kib])
    chunks = max(1, kib * 1024 // EVENT_BYTES)
    return Workload("", "stream", "answer", {"chunks": chunks, "batch": 64}, ANSWERS[kib])


def cpu_of_answer(peer, kind, kib, cold):
    return max(0, measure(answer(kind, kib), peer)["cpu"] - cold) / ANSWERS[kib]


def several(runs, both, f):
    """The medians of f(peer) for both peers, interleaved."""
    found = {p.name: [] for p in both}
    for run in range(runs):
        for peer in both[:: 1 if run % 2 == 0 else -1]:
            found[peer.name].append(f(peer))
    return {name: statistics.median(values) for name, values in found.items()}


def line(*cells):
    print("".join(f"{c:>14}" for c in cells), flush=True)


def grow_streams(counter, both, runs):
    found = {p.name: {} for p in both}
    line("streams", "peer", "instructions", "instructions", "CPU us")
    line("at once", "", "a request", "an event", "an event")
    for n in STREAMS:
        cpu = several(runs, both, lambda peer: cpu_of_event(peer, n))
        for peer in both:
            values = {"request": instructions_of_request(counter, peer, n),
                      "event": instructions_of_event(counter, peer, n), "cpu": cpu[peer.name]}
            found[peer.name][str(n)] = values
            line(n, peer.name, *(short(v) for v in values.values()))
    return found


def grow_answers(both, runs):
    cold = several(5, both, lambda peer: measure(Workload("", "cold", "run"), peer)["cpu"])
    found = {kind: {p.name: {} for p in both} for kind in ("stream", "json")}
    print()
    line("answer", "KiB", "peer", "CPU us", "a KiB")
    for kind, values in found.items():
        for kib in ANSWERS:
            cpu = several(runs, both, lambda peer: cpu_of_answer(peer, kind, kib, cold[peer.name]))
            for name, us in cpu.items():
                values[name][str(kib)] = us
                line(kind, kib, name, short(us), short(us / kib))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-r", "--runs", type=int, default=3, help="of what is timed (3)")
    parser.add_argument("--write", action="store_true", help="keep what was measured in results.json")
    options = parser.parse_args()
    running.build()
    both = [peers.choose([FLOOR, OURS], [])[0][name] for name in (FLOOR, OURS)]
    try:
        growth = {"streams": grow_streams(Streams(), both, options.runs), "answers": grow_answers(both, options.runs)}
    except Failure as failure:
        sys.exit(f"FAILED  {failure}")
    if options.write:
        kept = results.load()
        kept["growth"] = {**growth, **results.circumstances(options.runs)}
        results.save(kept)


if __name__ == "__main__":
    main()
