"""What the server sends to the panel, a module for each tab and what stands beside them; requests.py has what comes in.

The TypeScript types are made from both (`make types`).
"""
