"""The admin API's bodies, one entity per file: their types, and the conversions from rows and from requests."""
