"""Runs the command."""

from countersign_bridge.cli import main

if __name__ == "__main__":
    main()
