#!/usr/bin/env python3
"""Draws what is kept in results.json with gnuplot, and writes the table of the README.

  spec/bench/run plot            does so
  spec/bench/run plot --check    is the table of the README what it would write?
"""
import os
import re
import shutil
import subprocess
import sys
import textwrap

import peers
import results
import tables
from workloads import FLOOR, OURS

PICTURES = os.path.realpath(f"{results.HERE}/../../examples/pictures")
INK, GREY, PALE, ACCENT, LIGHT = "#1d2129", "#6b7280", "#b8c0cc", "#2563eb", "#93b4f5"
STYLE = f"""
set terminal svg size %d,%d dynamic noenhanced font "Helvetica,Arial,sans-serif,13" background "#ffffff"
set border 0
set tics nomirror scale 0 textcolor rgb "{GREY}"
set title textcolor rgb "{INK}" offset 0,-0.4
unset key
"""
# The panels of the comparison, and what stream:text() of the same streams is called.
PANELS = (("seq", "", "small requests"), ("stream64", "text64", "events of a long stream"),
          ("short", "text-short", "events of short streams"), ("conc256", "", "events of 256 streams at once"),
          ("image32", "", "an answer with an image of 32 MiB"), ("upload8", "", "a history of 8 MiB sent"))


def compared(kept, name, text):
    """The bars of a panel from the top: title, multiple of the floor, colour."""
    values = kept["workloads"][name]
    floor = values[FLOOR]["cpu"]
    bars = [("lua-xai", values[OURS]["cpu"] / floor, ACCENT)]
    if text:
        own = kept["workloads"][text]
        bars.append(("lua-xai, text()", own[OURS]["cpu"] / own[FLOOR]["cpu"], LIGHT))
    for peer in peers.OTHERS:
        if peer.name in values:
            bars.append((peer.title, values[peer.name]["cpu"] / floor, PALE))
    return bars


def panel(bars, title):
    """Bars from 1, the floor, to the left when cheaper, to the right when dearer."""
    rows, labels, names = [], [], []
    for i, (name, ratio, colour) in enumerate(bars):
        y = len(bars) - i
        rows.append(f"1 {y} {min(1, ratio):.4g} {max(1, ratio):.4g} {y - 0.36} {y + 0.36} {int(colour[1:], 16)}")
        ink = ACCENT if name.startswith("lua-xai") else INK
        side = "right offset -0.4,0" if ratio < 1 else "left offset 0.4,0"
        labels.append(f'set label "{ratio:.3g}" at {ratio:.4g},{y} {side} textcolor rgb "{ink}" font ",11"')
        names.append(f'"{name}" {y}')
    data = "\n".join(rows)
    return f"""
unset label
{chr(10).join(labels)}
set title "{title}"
set xrange [0.04:500]
set yrange [0.3:{len(bars) + 0.7}]
set ytics ({", ".join(names)}) font ",11"
set arrow 1 from 1,0.4 to 1,{len(bars) + 0.6} nohead front linecolor rgb "{INK}" linewidth 1
$d << EOD
{data}
EOD
plot $d using 1:2:3:4:5:6:7 with boxxyerror fill solid 1 noborder linecolor rgb variable
"""


def comparison(kept):
    text = STYLE % (960, 640) + """
set logscale x
set xtics ("0.1 x" 0.1, "the floor" 1, "10 x" 10, "100 x" 100) font ",11"
set tmargin 2.2
set bmargin 1.8
set multiplot layout 3,2 title "CPU time as a multiple of the floor's (C, libcurl, lua-cjson and nothing else)" \
  font ",14" margins 0.13,0.985,0.05,0.9 spacing 0.145,0.1
"""
    for name, own, title in PANELS:
        if name in kept["workloads"]:
            text += panel(compared(kept, name, own), title)
    return text + "unset multiplot\n"


def points(values, scale=1.0):
    return "\n".join(f"{key} {value * scale:.5g}" for key, value in sorted(values.items(), key=lambda v: int(v[0])))


def lines(floor, ours, title):
    """Two lines, the floor's and ours."""
    return f"""
set title "{title}"
$floor << EOD
{floor}
EOD
$ours << EOD
{ours}
EOD
plot $floor with linespoints linecolor rgb "{GREY}" pointtype 7 pointsize 0.5 linewidth 2 title "the floor", \
  $ours with linespoints linecolor rgb "{ACCENT}" pointtype 7 pointsize 0.5 linewidth 2 title "lua-xai"
"""


def of_streams(streams, what, scale):
    return (points({n: values[what] for n, values in streams[peer].items()}, scale) for peer in (FLOOR, OURS))


def of_answers(values):
    return (points(values[peer], 1e-3) for peer in (FLOOR, OURS))


def growth(kept):
    streams, answers = kept["growth"]["streams"], kept["growth"]["answers"]
    return STYLE % (960, 560) + f"""
set key bottom left reverse Left textcolor rgb "{INK}" samplen 2
set grid ytics linetype 1 linewidth 0.5 linecolor rgb "#e5e7eb"
set logscale x
set format y "%g"
set multiplot layout 2,2 margins 0.06,0.985,0.07,0.94 spacing 0.07,0.16
set xrange [0.8:6500]
set xtics ("1 stream" 1, "10" 10, "100" 100, "1,000" 1000, "5,000" 5000) font ",11"
set yrange [0:*]
{lines(*of_streams(streams, "event", 1e-3), "an event: thousands of instructions")}
unset key
{lines(*of_streams(streams, "request", 1e-3), "a request and its connection: thousands of instructions")}
set logscale xy
set xrange [0.7:400000]
set xtics ("1 KB" 1, "16 KB" 16, "256 KB" 256, "4 MB" 4096, "256 MB" 250000) font ",11"
set yrange [0.02:20000]
set ytics ("0.1 ms" 0.1, "1 ms" 1, "10 ms" 10, "0.1 s" 100, "1 s" 1000, "10 s" 10000) font ",11"
{lines(*of_answers(answers["stream"]), "a streamed answer: CPU time by its size")}
{lines(*of_answers(answers["json"]), "an answer that is one long string: CPU time by its size")}
unset multiplot
"""


def slim(svg, title):
    """Without the half of it that draws nothing."""
    svg = re.sub(r"<title>.*?</title>\s*<desc>.*?</desc>", f"<title>{title}</title>", svg, flags=re.DOTALL)
    svg = re.sub(r"<path stroke='black'\s+d='M[0-9.,]+\s*'/>", "", svg)
    svg = re.sub(r"\s*<filter.*?</filter>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"\n\s*<\w+ [^\n]*id='gpPt(?![56]')\d+'[^\n]*/>", "", svg)
    found = 1
    while found:
        svg, found = re.subn(r"<g [^>]*>\s*</g>\n?", "", svg)
    return re.sub(r"\n\s*\n", "\n", svg)


def draw(name, title, script):
    done = subprocess.run(["gnuplot"], input=script, text=True, check=True, stdout=subprocess.PIPE)
    with open(f"{PICTURES}/{name}.svg", "w", encoding="utf-8") as file:
        file.write(slim(done.stdout, title))


def section(kept):
    """What stands in the README between the two comments."""
    titles = {p.name: p.title for p in peers.BOTH + peers.OTHERS}
    titles[FLOOR] = "the floor"
    parts = [textwrap.fill(results.sentence(kept), 120), tables.goals_in_markdown(kept),
             textwrap.fill(tables.PEERS_ARE, 120), tables.peers_in_markdown(kept, titles)]
    return "\n" + "\n\n".join(parts) + "\n\n"


def main():
    kept = results.load()
    if not kept["workloads"]:
        sys.exit("Nothing was measured yet: make bench ARGS=--write")
    page, other = results.in_readme(section(kept))
    if "--check" in sys.argv:
        sys.exit(None if page == other else "The table of README.md is not that of results.json: make bench-plot")
    results.write_readme(other)
    if not shutil.which("gnuplot"):
        sys.exit("No gnuplot: the pictures stay as they are")
    draw("bench", "CPU time of each client as a multiple of the floor's", comparison(kept))
    if "growth" in kept:
        draw("growth", "What an event, a request and an answer cost as there are more of them", growth(kept))


if __name__ == "__main__":
    main()
