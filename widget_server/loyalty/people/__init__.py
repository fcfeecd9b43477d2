"""The people package: who somebody is, how they sign in, and how they are forgotten.

- `emails`, `lines`, `postal_addresses`: the one form of an address and of a line of text.
- `customers`: the row of a person; `recognition`: whose row a message is about, and when two rows are one;
  `customer_edits`: what the merchant adds and changes; `mailboxes`: what is given once a mailbox.
- `sign_in` reads from the top: `sign_in_codes`, `passwords`, `devices` are its ways in, `sessions` what it opens.
- `api_keys`, then `access_tokens` and `visitor_tokens`: who calls the admin API.
- `merging`: two rows of one person become one.
- `privacy`: erasing and exporting; `forgetting`: how a text is known to name the erased.
"""
