"""Who is measured: the floor, this library, and the other clients that are here."""
import dataclasses
import os
import shutil
import subprocess

from running import BUILD, HERE
from workloads import FLOOR, OURS

LUA54 = "/usr/share/lua/5.3/?.lua;/usr/share/lua/5.2/?.lua"  # where Debian keeps lua-http
PATH = f"{HERE}/?.lua"


@dataclasses.dataclass(frozen=True)
class Peer:
    """`title` is its name in tables, `fewer` the parameters of workloads that
    would take it minutes; what it costs is per unit anyway.  `counted`: its
    instructions can be counted by valgrind."""

    name: str
    command: str
    title: str = ""
    env: dict = dataclasses.field(default_factory=dict)
    fewer: dict = dataclasses.field(default_factory=dict)
    counted: bool = True


def lua_path(more=""):
    return {"LUA_PATH": ";".join(p for p in (PATH, more, os.environ.get("LUA_PATH", ";")) if p)}


def lua_peer(name, title, file, lua="lua5.4", more="", **rest):
    return Peer(name, f"{lua} {HERE}/peers/{file}", title, lua_path(more), **rest)


def node_peer(name, title, file):
    env = {"BENCH_NODE_MODULES": f"{HERE}/node_modules"}
    return Peer(name, f"node {HERE}/peers/{file}", title, env, {"seq": 3000, "ttft": 200}, counted=False)


SLOW = {"seq": 4000}
BOTH = (
    Peer(FLOOR, f"{BUILD}/{FLOOR}", "the floor: C, libcurl, lua-cjson"),
    lua_peer(OURS, "lua-xai", "xai.lua", os.environ.get("LUA", "lua5.4")),
)
OTHERS = (
    lua_peer("lua-curl", "lua-curl (Lua 5.1)", "luacurl.lua", "lua5.1"),
    lua_peer("lua-http", "lua-http", "luahttp.lua", more=LUA54, fewer=SLOW),
    lua_peer("luasocket", "luasocket", "luasocket.lua", fewer=SLOW),
    Peer("curl", f"lua5.4 {HERE}/peers/curlproc.lua", "curl processes", {"LUA_PATH": PATH + ";;"},
         {"seq": 200, "stream": 20, "ttft": 100}, counted=False),
    node_peer("undici", "npm undici", "node_undici.mjs"),
    node_peer("fetch", "fetch of Node.js", "node_fetch.mjs"),
    node_peer("openai", "npm openai", "node_openai.mjs"),
)
NEEDS = {
    "lua-curl": ["lua5.1", "-e", "require 'curl' require 'cjson' require 'luv'"],
    "lua-http": ["lua5.4", "-e", "require 'http.client' require 'cjson' require 'luv'"],
    "luasocket": ["lua5.4", "-e", "require 'socket.http' require 'cjson'"],
    "curl": ["curl", "--version"],
    "undici": ["node", "-e", f"require('{HERE}/node_modules/undici')"],
    "fetch": ["node", "-e", "fetch.name"],
    "openai": ["node", "-e", f"require('{HERE}/node_modules/openai')"],
}


def here(peer):
    command = NEEDS[peer.name]
    if not shutil.which(command[0]):
        return False
    done = subprocess.run(command, env={**os.environ, **peer.env}, capture_output=True, check=False)
    return done.returncode == 0


def choose(names, extra):
    """The peers to measure, by name, and the names of those that are missing.
    `names` limits the choice; `extra` are more of them, NAME=COMMAND."""
    wanted = [p for p in BOTH + OTHERS if not names or p.name in names]
    missing = [p.name for p in wanted if p in OTHERS and not here(p)]
    chosen = {p.name: p for p in wanted if p.name not in missing}
    for text in extra:
        name, command = text.split("=", 1)
        chosen[name] = Peer(name, command, name, lua_path())
    return chosen, missing
