"""The imports package: points, members, histories and codes of many customers from a CSV file (acceptance 56)."""
