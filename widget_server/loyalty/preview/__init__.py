"""The test clock: a preview copy of a shop whose time can be moved (docs/decisions/014-test-clock.md).

The copy is a small database of its own, which is stored as one value of the real one. Read `steps` first: what can be
done with a copy. `copies` stores it, `happenings` is what happened in it, `spans` how far its time moves at once.
The program that carries out the steps is `widget_server/preview`.
"""
