"""`python -m standins.stripe --port 8102 [--file state.json] [--seed-demo]`"""

import argparse
import threading
from pathlib import Path

from standins.stripe import seed_demo, serve
from standins.stripe.keys import DEMO_KEY


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m standins.stripe", description="A local double of Stripe.")
    parser.add_argument("--port", type=int, default=8102)
    parser.add_argument("--file", type=Path, help="keeps the shop over restarts")
    parser.add_argument("--seed-demo", action="store_true", help="fills an empty shop with customers and invoices")
    parser.add_argument("--key", action="append", default=[], help="a further API key, such as sk_test_...")
    options = parser.parse_args()
    shop, server = serve(options.port, file=options.file)
    for key in options.key:
        server.api.keys.add(key)
    if options.seed_demo and not shop.objects.get("customer"):
        seed_demo(shop)
    print(f"Stripe stand-in: {server.url}  (API key {DEMO_KEY})", flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        server.stop()


if __name__ == "__main__":
    main()
