"""Counting instead of timing: instructions and system calls, which the
neighbours do not disturb."""
import shutil
import subprocess

from running import METER, SCRATCH, WATCHER, BUILD, Failure, Missing, Server, read_meter, run_peer
import tls
from workloads import FLOOR, OURS

LOG = SCRATCH.name + "/counts.log"
VALGRIND = ["valgrind", "--tool=callgrind", f"--log-file={LOG}", "--callgrind-out-file=/dev/null"]
STRACE = ["strace", "-f", "-c", "-U", "calls,name", "-o", LOG]


def run_counted(watcher, peer, workload, param, settings):
    with Server() as server, tls.proxy(SCRATCH.name, server.port, "") as proxy:
        run_peer(watcher, peer, workload, proxy, param, settings)


def difference(workload, count):
    """What `count(param, settings)` counts for one unit of work, taken as a
    difference: start, first connection and end fall out."""
    sizes = workload.counted
    if workload.by == "param":
        few, many = (count(n, workload.slowly) for n in sizes)
    else:
        few, many = (count(workload.param, {**workload.slowly, workload.by: n}) for n in sizes)
    units = (sizes[1] - sizes[0]) * (workload.param if workload.kind == "conc" else 1)
    if workload.by == "param":
        units *= workload.settings.get("chunks", 1)
    return (many - few) / units


class Counter:
    """Counts user instructions: by the processor where that is permitted, by
    valgrind otherwise (slower, and the same within 1 %)."""

    def __init__(self):
        subprocess.run([f"{BUILD}/meter", METER, "10", "true"], check=True)
        self.by_processor = read_meter()["ins_user"] is not None
        self.by = "processor" if self.by_processor else "valgrind"
        self.known = {}

    @staticmethod
    def read_log():
        with open(LOG, encoding="utf-8") as file:
            for line in file:
                if "Collected :" in line:
                    return int(line.split(":")[1])
        raise Failure("valgrind counted nothing")

    def count(self, peer, workload, param, settings=None):
        if not self.by_processor and not shutil.which("valgrind"):
            raise Missing("no valgrind, and the processor may not count")
        run_counted(WATCHER if self.by_processor else VALGRIND, peer, workload, param, settings)
        return read_meter()["ins_user"] if self.by_processor else self.read_log()

    def instructions(self, peer, workload):
        """User instructions per unit; None where they are not counted: with
        others, what has to be slowed down for it."""
        if not peer.counted or not (workload.counted or workload.kind == "cold"):
            return None
        if workload.slowly and peer.name not in (FLOOR, OURS):
            return None
        work = (peer.name, workload.kind, workload.path(workload.slowly), workload.counted)
        if not workload.reads or peer.name != OURS:
            if work not in self.known:
                self.known[work] = self.count_unit(peer, workload)
            return self.known[work]
        return self.count_unit(peer, workload)

    def count_unit(self, peer, workload):
        if workload.kind == "cold":
            return self.count(peer, workload, 0)
        return difference(workload, lambda param, settings: self.count(peer, workload, param, settings))


def system_calls(peer, workload):
    """System calls per unit; None where they are not counted."""
    if not workload.calls or peer.name not in (FLOOR, OURS):
        return None
    if not shutil.which("strace"):
        raise Missing("no strace")

    def count(param, settings):
        run_counted(STRACE, peer, workload, param, settings)
        with open(LOG, encoding="utf-8") as file:
            totals = [line.split()[0] for line in file if line.split()[-1:] == ["total"]]
        if not totals:
            raise Failure("strace counted nothing")
        return int(totals[0])

    return difference(workload, count)
