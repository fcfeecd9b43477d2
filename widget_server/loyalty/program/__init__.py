"""The program package: the shop, its program's settings, and how things that the owner edits are revised.

`shops` is who is served, with its secrets; `programs` is whether the program runs and by which settings; `revisions`
is how a rule, a reward or a tier is made, edited and archived, each with its revision and its event.
Read them in this order.
"""
