"""The imports package: what a CSV file says of many customers (acceptance 56; contracts §22).

From the lowest layer up:

- `stored_files`, `csv_files`, `uploads`: the file, in any encoding and delimiter.
- `cells`, `problems`: what one cell says, and why a row cannot be used.
- `columns`, `formats`, `reading`: the fields of each mode, the columns of other apps, and rows as facts.
- `people`, `members`: whom a row means, and what it changes of a customer.
- `imports` (the row of an import and its states), `previews` (what it would do), `listing` (makes the items of its
  batch, which `points/batches.py` books).
"""
