"""`python -m bench [NAME…] [--repeats N]`: without a name, lists what can be measured."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import platform
import sys
from pathlib import Path

NOT_MEASUREMENTS = {"__main__", "texts", "wire", "tables", "turns", "local_models"}


def names() -> list[str]:
    found = (module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]))
    return sorted(name for name in found if name not in NOT_MEASUREMENTS)


def main() -> int:
    """A measurement is a module here with a docstring and `measure(repeats) -> str` (the table to print)."""
    parser = argparse.ArgumentParser(prog="bench", description="Times vary with the machine; the ratios should not.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="what to measure; `all` for everything")
    parser.add_argument("--repeats", type=int, default=7, help="runs of each kind, medians are shown (default 7)")
    arguments = parser.parse_args()
    if not arguments.names:
        print("What can be measured (./dev bench NAME…, or `all`):\n")
        for name in names():
            purpose = (importlib.import_module(f"bench.{name}").__doc__ or "").strip().splitlines()[0]
            print(f"  {name:<16} {purpose}")
        return 0
    chosen = names() if arguments.names == ["all"] else arguments.names
    unknown = sorted(set(chosen) - set(names()))
    if unknown:
        print(f"bench: unknown: {', '.join(unknown)}. There are: {', '.join(names())}.", file=sys.stderr)
        return 2
    print(f"{platform.system()} {platform.machine()}, Python {platform.python_version()}")
    for name in chosen:
        module = importlib.import_module(f"bench.{name}")
        print(f"\n{name}: {(module.__doc__ or '').strip().splitlines()[0]}\n")
        print(module.measure(arguments.repeats), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
