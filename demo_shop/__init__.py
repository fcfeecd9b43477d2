"""Fjord & Fern, an independent demo shop: it uses only the interfaces in docs/contracts.md.

It does not import the loyalty server, nor the server this package; it runs in its own process:
`python -m demo_shop --port 8001 --config FILE`.
"""

from demo_shop.app import create_shop

__all__ = ["create_shop"]
