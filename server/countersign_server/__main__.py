"""`python -m countersign_server`: the countersign-server command."""

from countersign_server.cli import main

if __name__ == "__main__":
    main()
