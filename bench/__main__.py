"""`python -m bench [NAME…]`: without a name, every figure that is claimed (`bench/suite`)."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import platform
import sys
from pathlib import Path

NOT_MEASUREMENTS = {"__main__", "texts", "wire", "tables", "turns", "suite", "local_models"}


def names() -> list[str]:
    found = (module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]))
    return sorted(name for name in found if name not in NOT_MEASUREMENTS)


def main() -> int:
    """A measurement is a module here with a docstring and `measure(repeats) -> str` (the table to print)."""
    parser = argparse.ArgumentParser(prog="bench", description="Times vary with the machine; the ratios should not.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="what to measure; `all` for everything")
    parser.add_argument("--repeats", type=int, default=7, help="runs of each kind, medians are shown (default 7)")
    parser.add_argument("--list", action="store_true", help="what can be measured by name")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="every figure (or NAME, where it can) in small: shows that it works, judges nothing",
    )
    parser.add_argument("--full", action="store_true", help="growth to 4 GB and 200,000 files, however long it takes")
    parser.add_argument("--keep", action="store_true", help="keep the figures and their picture in the repository")
    arguments = parser.parse_args()
    if not arguments.names and not arguments.list:
        from bench.suite import run
        from bench.suite.figure import Scale

        return run(Scale(quick=arguments.quick, full=arguments.full), keep=arguments.keep and not arguments.quick)
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
        small = getattr(module, "quick", None) if arguments.quick else None
        print(small() if small is not None else module.measure(arguments.repeats), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
