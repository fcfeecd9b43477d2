"""Fjord & Fern, a shop of its own: it knows the loyalty product by docs/contracts.md only.

Nothing here imports the product, and the product imports nothing from here; it runs as a process of its own:
`python -m demo_shop --port 8001 --config FILE`.
"""

from demo_shop.app import create_shop

__all__ = ["create_shop"]
