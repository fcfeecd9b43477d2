"""The program package: the shop, its program's settings, and how what the owner edits is revised.

`shops` has the shops with their secrets; `programs` the program's status and settings; `revisions`
is how a rule, a reward or a tier is created, edited and archived, each with its revision and its event.
Read them in this order.
"""
