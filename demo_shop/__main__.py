"""Serve the demo shop, or create its history: in the shop and in the widget."""

from pathlib import Path

import click
from werkzeug.serving import WSGIRequestHandler, make_server

from demo_shop import history, wallet
from demo_shop.app import create_shop
from demo_shop.config import ShopConfig
from demo_shop.shop import Shop


class _Silent(WSGIRequestHandler):
    """Does not log requests; errors still go to stderr."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing."""


@click.command()
@click.argument("command", type=click.Choice(["serve", "seed", "spend"]), default="serve")
@click.option("--config", "config_path", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--port", default=8001, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="The back office has no password.")
def main(command: str, config_path: Path, port: int, host: str) -> None:
    """The demo shop Fjord & Fern; the JSON file CONFIG names its loyalty server."""
    config = ShopConfig.read(config_path)
    if command == "seed":
        click.echo(history.write(Shop.open(config)))
    elif command == "spend":
        shop = Shop.open(config)
        wallet.fill(shop, history.first_customer(shop))
    else:
        serve(config, host, port)


def serve(config: ShopConfig, host: str, port: int) -> None:
    """Serve until interrupted; a second thread sends messages to the loyalty server."""
    app = create_shop(config)
    shop: Shop = app.extensions["demo_shop"]
    server = make_server(host, port, app, threaded=True, request_handler=_Silent)
    shop.outbox.start()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
        shop.outbox.stop()


if __name__ == "__main__":
    main(prog_name="python -m demo_shop")
