"""`python -m mt5_simulator.conformance [MODULE]`: compares a module with the measurements.

MODULE is mt5_simulator unless named; MetaTrader5 works on Windows and under Wine, without a
terminal. Exit status 1 means that there are differences.
"""

import importlib
import sys

from mt5_simulator.conformance.comparing import differences, vectors


def main() -> int:
    """Print the differences and return the exit status."""
    name = sys.argv[1] if len(sys.argv) > 1 else "mt5_simulator"
    measured = vectors()
    found = list(differences(importlib.import_module(name), measured))
    for difference in found:
        print(difference)  # noqa: T201  # the command's own voice
    calls = len(measured["calls"])
    print(f"{name}: {calls} calls, {len(found)} differences")  # noqa: T201  # the command's own voice
    return 1 if found else 0


sys.exit(main())
