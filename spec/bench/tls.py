"""nginx between the peers and the server, for measurements with TLS."""
import contextlib
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.request

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
# Where .ci/setup puts nginx when the system has none, and where systems do.
PLACES = (f"{ROOT}/.build/nginx/usr/sbin/nginx", "/usr/sbin/nginx", "/usr/local/sbin/nginx")

CONFIGURATION = """
daemon off; worker_processes 1; error_log stderr crit; pid {scratch}/nginx.pid;
events {{ worker_connections 8000; }}
http {{
  access_log off; client_max_body_size 100m; client_body_buffer_size 16m;
  client_body_temp_path {scratch}/nginx-body; proxy_temp_path {scratch}/nginx-proxy;
  fastcgi_temp_path {scratch}/nginx-fastcgi; uwsgi_temp_path {scratch}/nginx-uwsgi;
  scgi_temp_path {scratch}/nginx-scgi;
  keepalive_requests 1000000; http2_max_concurrent_streams 2000;
  upstream server {{
    server 127.0.0.1:{port}; keepalive 2000; keepalive_requests 1000000;
  }}
  server {{
    listen 127.0.0.1:{secure_port} ssl http2;
    ssl_certificate {scratch}/cert.pem; ssl_certificate_key {scratch}/key.pem;
    ssl_session_cache shared:a:1m;
    location / {{
      proxy_pass http://server; proxy_http_version 1.1;
      proxy_set_header Connection ""; proxy_buffering off;
    }}
  }}
  server {{ listen 127.0.0.1:{status_port}; location / {{ stub_status; }} }}
}}
"""


def find_nginx():
    return shutil.which("nginx") or next((p for p in PLACES if os.access(p, os.X_OK)), None)


def missing():
    """What is not here and is needed, or None."""
    if not find_nginx():
        return "nginx"
    if not shutil.which("openssl"):
        return "openssl"
    return None if os.access(BUNDLE, os.R_OK) else BUNDLE


def make_certificates(scratch):
    """cert.pem for nginx; bundle.pem, which adds it to all that the system trusts."""
    if os.path.exists(f"{scratch}/bundle.pem"):
        return
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=127.0.0.1",
               "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", f"{scratch}/key.pem", "-out", f"{scratch}/cert.pem"]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    with open(f"{scratch}/bundle.pem", "wb") as bundle:
        for path in (BUNDLE, f"{scratch}/cert.pem"):
            with open(path, "rb") as file:
                bundle.write(file.read())


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)


def environment(scratch, how):
    """What tells a peer whom to trust and which HTTP to speak.  The floor is
    given every advantage that is known: see the list at its top."""
    file = f"{scratch}/cert.pem" if how == "one" else f"{scratch}/bundle.pem"
    env = {"BENCH_CA": file, "FJ_CA": file, "FJ_CAPATH": "0"}
    if how == "h2":
        env.update(FJ_H2="1", FJ_MCS="1000", FJ_PIPEWAIT="1")
    else:
        env["BENCH_HTTP"] = "1.1"
    return env


class Proxy:
    """`origin` is the address for peers, `env` what they need besides."""

    def __init__(self, origin, env, status_port=None):
        self.origin, self.env, self.status_port = origin, env, status_port

    def connections(self):
        """How many there have been, this question's own among them."""
        if not self.status_port:
            return 0
        with urllib.request.urlopen(f"http://127.0.0.1:{self.status_port}/") as answer:
            return int(re.search(rb"\n *(\d+)", answer.read()).group(1))


@contextlib.contextmanager
def proxy(scratch, port, how):
    """The server itself, or nginx in front of it where `how` is one of: "one"
    certificate to trust, the system's whole "bundle", and "h2", which is the
    bundle with HTTP/2."""
    if not how:
        yield Proxy(f"http://127.0.0.1:{port}", {})
        return
    make_certificates(scratch)
    secure_port, status_port = free_port(), free_port()
    with open(f"{scratch}/nginx.conf", "w", encoding="ascii") as file:
        file.write(CONFIGURATION.format(scratch=scratch, port=port, secure_port=secure_port, status_port=status_port))
    process = subprocess.Popen([find_nginx(), "-c", f"{scratch}/nginx.conf", "-e", "stderr", "-p", scratch])
    try:
        wait_for(secure_port)
        yield Proxy(f"https://127.0.0.1:{secure_port}", environment(scratch, how), status_port)
    finally:
        process.terminate()
        process.wait()
