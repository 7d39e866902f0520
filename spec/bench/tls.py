"""nginx between the peers and the server, for measurements with TLS."""
import contextlib
import os
import socket
import subprocess
import time

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
}}
"""


def make_certificate(scratch):
    if not os.path.exists(f"{scratch}/cert.pem"):
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=127.0.0.1",
                   "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", f"{scratch}/key.pem", "-out", f"{scratch}/cert.pem"]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)


@contextlib.contextmanager
def proxy(scratch, port, secure):
    """The address for peers: the server's own, or nginx's in front of it.
    $BENCH_CA then names the certificate to trust, $FJ_CA for the floor, which
    is told to speak HTTP/2 as clients do by themselves."""
    if not secure:
        yield f"http://127.0.0.1:{port}"
        return
    make_certificate(scratch)
    os.environ["BENCH_CA"] = os.environ["FJ_CA"] = f"{scratch}/cert.pem"
    os.environ["FJ_H2"] = "1"
    secure_port = free_port()
    with open(f"{scratch}/nginx.conf", "w", encoding="ascii") as file:
        file.write(CONFIGURATION.format(scratch=scratch, port=port, secure_port=secure_port))
    process = subprocess.Popen(["nginx", "-c", f"{scratch}/nginx.conf", "-e", "stderr", "-p", scratch])
    try:
        wait_for(secure_port)
        yield f"https://127.0.0.1:{secure_port}"
    finally:
        process.terminate()
        process.wait()
