import argparse
import threading

from . import serve

parser = argparse.ArgumentParser(prog="python -m standins.sage_intacct", description="A double of Sage Intacct.")
parser.add_argument("--port", type=int, default=8101)
parser.add_argument("--file", help="SQLite file that keeps the books")
parser.add_argument("--empty", action="store_true", help="without the demo company")
chosen = parser.parse_args()
_, server = serve(chosen.port, chosen.file, seed=not chosen.empty)
print(f"Sage Intacct stand-in at {server.url}", flush=True)
threading.Event().wait()
