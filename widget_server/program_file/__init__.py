"""The program as a file: one YAML text with all rules of a shop, which is applied as a whole.

- `reading` reads the YAML, `fields`, `reward_schema` and `schema` check it and make a `ProgramFile` of it (`facts`).
- `current` makes a `ProgramFile` of what the shop has; `checks` whether a file fits the shop; `changes` compares both.
- `stored_drafts` keeps drafts of the whole program until they are published; `three_way` puts one onto what changed
  meanwhile.
- `apply` plans and applies; `writing` writes the rows.
"""
