"""Runs the command: `python -m mt5_simulator`."""

import sys

from mt5_simulator.command.main import main

sys.exit(main())
