"""The program file: one YAML text that says all of a shop's program. `schema` reads it, `apply` compares and writes."""
