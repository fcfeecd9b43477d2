"""The shop's pages, one module per area; `here` has the current customer and cart."""
