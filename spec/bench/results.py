"""What was measured, where and when: kept in a file, from which the table and
the pictures of the README are made."""
import datetime
import json
import os
import platform
import re
import subprocess

from running import HERE

FILE = f"{HERE}/results.json"
README = os.path.realpath(f"{HERE}/../../README.md")
VERSIONS = {  # name: a command that tells, and what to find in its words
    "libcurl": ("curl-config --version", r"libcurl (\S+)"),
    "Lua": ("lua5.4 -v", r"Lua (\S+)"),
    "lua-cjson": ("lua5.4 -e \"print(require('cjson')._VERSION)\"", r"(\S+)"),
    "compiler": ("cc --version", r"(.*)"),
    "Node.js": ("node --version", r"v(\S+)"),
    "nginx": (".build/nginx/usr/sbin/nginx -v || nginx -v", r"nginx/(\S+)"),
}


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        found = re.search(r"model name\s*: (.*)", file.read())
    return re.sub(r"\s+", " ", found.group(1)) if found else platform.machine()


def versions():
    found = {"Linux": platform.release().split("-")[0]}
    for name, (command, pattern) in VERSIONS.items():
        done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False,
                              cwd=os.path.dirname(README))
        match = re.search(pattern, done.stdout + done.stderr) if done.returncode == 0 else None
        if match:
            found[name] = match.group(1)
    return found


def circumstances(runs):
    return {"date": datetime.date.today().isoformat(), "machine": f"{os.cpu_count()} cores of {processor()}",
            "versions": versions(), "runs": runs}


def load():
    if not os.path.exists(FILE):
        return {"workloads": {}}
    with open(FILE, encoding="utf-8") as file:
        return json.load(file)


def rounded(value):
    """Four digits are more than repeat."""
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    return float(f"{value:.4g}") if isinstance(value, float) else value


def save(results):
    with open(FILE, "w", encoding="utf-8") as file:
        json.dump(rounded(results), file, indent=1, ensure_ascii=False)
        file.write("\n")


def sentence(results):
    """The circumstances, for the README."""
    named = ", ".join(f"{k} {v}" for k, v in results["versions"].items() if k != "compiler")
    runs = "one run" if results["runs"] == 1 else f"medians of {results['runs']} runs"
    counted = "the processor" if results["counter"] == "processor" else "valgrind"
    return f"Measured on {results['date']}: {results['machine']}; {named}; {runs}, instructions counted by {counted}."


def in_readme(text):
    """The page as it is, and as it is with `text` between the two comments that
    mark the place."""
    with open(README, encoding="utf-8") as file:
        page = file.read()
    pattern = r"(<!-- make bench-plot writes this -->\n).*?(<!-- so far -->\n)"
    other, found = re.subn(pattern, lambda m: m.group(1) + text + m.group(2), page, flags=re.DOTALL)
    if not found:
        raise SystemExit("README.md has lost the comments that mark the place of the table")
    return page, other


def write_readme(page):
    with open(README, "w", encoding="utf-8") as file:
        file.write(page)
