"""The API for merchants' servers: Wix's Loyalty API, and our own entities under the same conventions.

`services` has all of it, for the application. The worker needs a part of it, for its messages: it takes 20 MB less.
"""
