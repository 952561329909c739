"""Plays a recorded agent: prints its events and its log, and ends with its exit status.

`replay.py RECORDING NOTE [hang] ARGUMENT...`: what the adapter gave it (prompt, arguments, environment, folder) goes to
the file NOTE; with `hang` it stops before the last event and never ends.
"""

import json
import os
import signal
import sys
from pathlib import Path

recording = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
got = {"prompt": sys.stdin.read(), "argv": sys.argv[3:], "env": dict(os.environ), "cwd": str(Path.cwd())}
Path(sys.argv[2]).write_text(json.dumps(got), encoding="utf-8")
hang = sys.argv[3:4] == ["hang"]
for event in recording["events"][: -1 if hang else None]:
    print(json.dumps(event, ensure_ascii=False), flush=True)
sys.stderr.write(recording["log"])
sys.stderr.flush()
if hang:
    signal.pause()
sys.exit(recording["exit"])
