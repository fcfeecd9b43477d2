"""Backtest: what a draft of the program would have given for the shop's own past orders. Nothing is written.

- `drafts` has a version of the program, as rows in memory; program_file/drafts.py makes one of edited facts or a file.
- `standings` follows one customer's tier through time; `replay` scores the orders under two versions.
"""
