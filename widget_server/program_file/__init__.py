"""The program as a file: one YAML text in which an owner says all rules, and applying it whole.

- `reading` reads the YAML, `fields`, `reward_schema` and `schema` check it and make a `ProgramFile` of it (`facts`).
- `current` is the same of what the shop has; `checks` is whether a file fits the shop; `changes` is how both differ.
- `apply` plans and applies; `writing` makes the rows.
"""
