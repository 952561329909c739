"""What `oc status` costs over 20 directories with 10 sessions each, on a server that takes 50 ms for every answer.

Run: python benchmarks/oc_status.py [ROUNDS]   (with the package installed, or PYTHONPATH=src)

The server is that of the tests; some sessions are busy, one waits for leave and one asks. The time is that of the whole
command, its start included.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "agents"))

from opencode_server import Server

SECONDS, REQUESTS = 1.0, 45
SCRIPT = "import sys; from branchline.cli import main; sys.exit(main())"


def main() -> int:
    """Print the figures; 1 when one is missed."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    with Server(delay=0.05) as server, tempfile.TemporaryDirectory() as folder:
        names = [server.add(f"/w/{place}", f"task {number}") for place in range(20) for number in range(10)]
        server.busy(names[5])
        server.ask(names[15])
        server.ask(names[25], questions=[{"question": "Which?", "options": [{"label": "a"}]}])
        Path(folder, "branchline.toml").write_text(f'[instances.main]\nurl = "{server.url}"\n')
        times, requests = [], []
        for _ in range(rounds + 1):  # the first writes the bytecode
            server.seen.clear()
            began = time.perf_counter()
            argv = [sys.executable, "-c", SCRIPT, "oc", "main", "status", "--json", "-C", folder]
            done = subprocess.run(argv, capture_output=True, text=True, check=False)
            times.append(time.perf_counter() - began)
            requests.append(server.requests)
            assert done.returncode == 0, done.stderr or done.stdout
    took = median(times[1:])
    print(
        f"oc status over 200 sessions: {took:.2f} s ({min(times[1:]):.2f} to {max(times[1:]):.2f}), at most {SECONDS:g}"
    )
    print(f"requests: {max(requests)}, at most {REQUESTS}")
    return int(took > SECONDS or max(requests) > REQUESTS)


if __name__ == "__main__":
    sys.exit(main())
