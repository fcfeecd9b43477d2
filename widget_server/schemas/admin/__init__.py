"""The entities of the admin wire, one module each: their shape, and the house's rows in it (wix-api §2)."""
