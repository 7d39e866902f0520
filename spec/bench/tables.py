"""The tables: every goal with what was measured beside it, and all peers."""
from workloads import FLOOR, METRICS, OURS, WORKLOADS, Goal

HEAD = ["workload", "what", "the floor", "lua-xai", "measured", "", "goal"]
WIDTHS = [-11, -25, 11, 11, 11, -1, -9]
PEERS_ARE = ("All clients: CPU time and instructions as multiples of the floor's, then other values as they are. "
             "A dash: the client cannot do it, or it was not counted.")
# Rows of the second table besides CPU time: of which workload, what, its title.
MORE = (("conc256", "p50", "added p50, us"), ("conc1000", "p50", "added p50, us"),
        ("conc1000", "memory", "KB a stream"), ("image32", "peak", "peak, x body"),
        ("upload8", "peak", "peak, x body"), ("ttft", "p50", "p50, us"))


def short(value):
    if value is None:
        return "-"
    if abs(value) >= 1e6:
        return f"{value / 1e6:.1f} M"
    if abs(value) >= 1e4:
        return f"{value / 1e3:.0f} k"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def reached(goal, mine, other):
    """What a goal is about, as a number; None where it was not measured."""
    if mine is None or (goal.kind != "value" and not other):
        return None
    return {"ratio": lambda: mine / other, "added": lambda: mine - other, "value": lambda: mine}[goal.kind]()


def shown(goal, value):
    if value is None:
        return "-"
    if goal.kind == "ratio":
        return f"{value:.2f} x"
    return f"{value:+.0f}" if goal.kind == "added" else short(value)


def limit(goal):
    if not goal.limit:
        return "-"
    number = {"ratio": f"{goal.limit:.2f} x", "added": f"+{goal.limit:.0f}", "value": f"{goal.limit:,g}"}[goal.kind]
    if goal.limit >= 1e6:
        number = short(goal.limit)
    return "<= " + number


def what(goal, workload):
    name, unit = METRICS[goal.metric]
    if goal.metric in ("instructions", "cpu") and not goal.to:
        unit = f"a {workload.unit}" if workload.unit != "event" else "an event"
    if goal.to:
        return f"{name}, to {goal.to}"
    if goal.metric == "p50" and workload.kind == "conc":
        name = "added p50"
    if goal.metric == "max":
        name = "added max"
    if goal.metric == "peak":
        name = "peak memory,"
    return f"{name} {unit}".strip() if goal.metric not in ("p50", "max") else f"{name}, {unit}"


def goal_rows(results, name):
    """One row for every goal of a workload: its cells, and is it met?"""
    workload, values = WORKLOADS[name], results["workloads"].get(name, {})
    goals = list(workload.goals)
    if not any(g.metric == "cpu" for g in goals):
        goals.append(Goal("cpu", "ratio", 0))
    for goal in goals:
        mine, floor = (values.get(peer, {}).get(goal.metric) for peer in (OURS, FLOOR))
        other = results["workloads"].get(goal.to, {}).get(OURS, {}).get(goal.metric) if goal.to else floor
        value = reached(goal, mine, other)
        if mine is None and floor is None:
            continue
        missed = bool(goal.limit and value is not None and value > goal.limit)
        yield [name, what(goal, workload), short(floor), short(mine), shown(goal, value),
               "!" if missed else "", limit(goal)], missed


def multiples(values, what, peers):
    """What the peers but the first, the floor, need of something that it needs."""
    floor = values[FLOOR].get(what)
    return [f"{values[p][what] / floor:.3g}" if floor and what in values.get(p, {}) else "-" for p in peers[1:]]


def peer_rows(results, peers):
    """CPU time of every peer as a multiple of the floor's, then some values as they are."""
    for name, workload in WORKLOADS.items():
        values = results["workloads"].get(name, {})
        if workload.own() or FLOOR not in values:
            continue
        yield [name, "CPU", f"{short(values[FLOOR]['cpu'])} us/{workload.unit}"] + multiples(values, "cpu", peers)
        counts = multiples(values, "instructions", peers)
        if len(counts) - counts.count("-") > 1:
            yield [name, "instructions", short(values[FLOOR]["instructions"])] + counts
    for name, metric, title in MORE:
        values = results["workloads"].get(name, {})
        if FLOOR in values:
            yield [name, title] + [short(values.get(p, {}).get(metric)) for p in peers]


def line(cells, widths):
    return " ".join(f"{c:<{-w}}" if w < 0 else f"{c:>{w}}" for c, w in zip(cells, widths)).rstrip()


def goal_lines(results, name):
    for cells, _ in goal_rows(results, name):
        yield line(cells, WIDTHS)


def peer_lines(results, peers):
    widths = [-10, -14, 17] + [9] * (len(peers) - 1)
    yield line(["workload", ""] + peers, widths)
    for cells in peer_rows(results, peers):
        yield line(cells, widths)


def markdown(head, rows, numbers_from):
    yield "| " + " | ".join(head) + " |"
    yield "| " + " | ".join("--:" if i >= numbers_from else "---" for i in range(len(head))) + " |"
    for cells in rows:
        yield "| " + " | ".join(cells) + " |"


def in_markdown(text):
    for plain, better in ((" us", " µs"), ("<=", "≤"), (" x", " ×"), (", to tls256", ", to that with one")):
        text = text.replace(plain, better)
    return text


def goals_in_markdown(results):
    rows, last = [], ""
    for name, workload in WORKLOADS.items():
        for cells, missed in goal_rows(results, name):
            measured = f"**{cells[4]}** !" if missed else cells[4]
            first = "" if name == last else workload.title
            rows.append([in_markdown(text) for text in [first] + cells[1:4] + [measured, cells[6]]])
            last = name
    return "\n".join(markdown(["", "per unit"] + HEAD[2:5] + ["goal"], rows, 2))


def peers_in_markdown(results, titles):
    """`titles` are those of the peers, by name, in order."""
    names = [n for n in titles if any(n in values for values in results["workloads"].values())]
    rows = [[WORKLOADS[cells[0]].title] + [in_markdown(text) for text in cells[1:]]
            for cells in peer_rows(results, names)]
    return "\n".join(markdown(["", ""] + [titles[n] for n in names], rows, 2))
