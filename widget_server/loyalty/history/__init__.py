"""The history of one customer, for staff: changes of points, waiting awards and orders without points, each with why.

Read `timeline` first; `explanations` reads what was stored with a booking, `missed_orders` says why an order gave
nothing, `authors` who moved points.
"""
