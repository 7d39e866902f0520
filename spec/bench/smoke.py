#!/usr/bin/env python3
"""Has anything become 25 % dearer?  Instructions alone, in seconds.

  spec/bench/run smoke           compares with ratios.json
  spec/bench/run smoke --keep    puts what it counts there

What is compared is the ratio to the floor, which runs on the same machine with
the same libraries.
"""
import argparse
import json
import sys

import peers
import running
from counting import Counter
from running import Failure
from workloads import FLOOR, OURS, WORKLOADS

FILE = f"{running.HERE}/ratios.json"
NAMES = ("cold", "seq", "stream64", "short", "text64", "text-short")
MORE = 1.25


def load():
    with open(FILE, encoding="ascii") as file:
        return json.load(file)


def save(found):
    with open(FILE, "w", encoding="ascii") as file:
        json.dump(found, file, indent=1)
        file.write("\n")


def compare(name, ratio, kept):
    """Says how it is; True when all is well."""
    well = ratio <= kept * MORE
    print(f"{'ok    ' if well else 'FAILED'}  {name:<11}{ratio:6.2f} x the floor, "
          f"at most {kept * MORE:.2f} ({kept:.2f} + 25 %)", flush=True)
    return well


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", action="store_true", help="these ratios are the new ones")
    options = parser.parse_args()
    running.build()
    both = peers.choose([FLOOR, OURS], [])[0]
    counter, kept, found, passed = Counter(), {} if options.keep else load(), {}, 0
    for name in NAMES:
        try:
            floor, mine = (counter.instructions(both[p], WORKLOADS[name]) for p in (FLOOR, OURS))
        except Failure as failure:
            print(f"FAILED  {name}: {failure}", flush=True)
            continue
        found[name] = round(mine / floor, 3)
        passed += compare(name, found[name], kept.get(name, found[name]))
    if options.keep and len(found) == len(NAMES):
        save(found)
    if passed < len(NAMES):
        print("\nWhere it is meant to be so: make bench-smoke ARGS=--keep")
    print(f"\n{passed} passed, {len(NAMES) - passed} failed")
    sys.exit(passed < len(NAMES))


if __name__ == "__main__":
    main()
