"""The people package: who a customer is, how they sign in, and how they are erased.

- `emails`, `lines`, `postal_addresses`: the one form of an address and of a line of text.
- `customers`: the row of a person; `recognition`: whose row a message is about, and when two rows are one person;
  `customer_edits`: what the merchant adds and changes; `mailboxes`: what each mailbox is given only once.
- `sign_in` is the entry point: it uses `sign_in_codes`, `passwords` and `devices`, and opens `sessions`.
- `api_keys`, then `access_tokens` and `visitor_tokens`: who calls the admin API.
- `merging`: two rows of one person become one.
- `privacy`: erasing and exporting; `forgetting`: how to find out whether a text names an erased person.
- `folding`, then `search_terms`: the words by which a customer is found; `directory_filters`, then `directory`: the
  list, a page at a time; `selections`: what is done with those who are selected; `saved_views`: a filter under a name.
"""
