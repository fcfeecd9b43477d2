"""Response bodies for the panel, a module per tab and a few shared ones; requests.py has the request bodies.

The TypeScript types are generated from both (`make types`).
"""
