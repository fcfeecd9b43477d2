"""`python -m widget_server.cli`: what starts the worker beside a server."""

from widget_server.cli import main

if __name__ == "__main__":
    main()
