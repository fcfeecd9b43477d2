"""How news leaves the building."""
