"""The admin wire, a noun a file: its shapes, how a row is written in them, and how what comes in is read."""
