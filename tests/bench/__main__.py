"""`./dev bench [door|files|posting]`: ratios from one run on one machine, never absolute promises."""

import sys

from tests.bench import door, files, posting

PARTS = {"door": door.run, "files": files.run, "posting": posting.run}


def main() -> None:
    for name in sys.argv[1:] or list(PARTS):
        if name not in PARTS:
            sys.exit(f"There is no bench {name}; there are {', '.join(PARTS)}.")
        print(f"--- {name}", flush=True)
        PARTS[name]()


if __name__ == "__main__":
    main()
