"""The shop's pages, a file an aisle; `here` knows who is looking and what is in the cart."""
