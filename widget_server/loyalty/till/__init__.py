"""The till package: a shop's counter, where staff give points for a purchase and redeem rewards for a customer.

- `till_codes` is the short-lived code in a member's widget, by which the member identifies at the till.
- `finding` finds a customer by e-mail, phone or code; `sales` books a purchase, and its refund, as an order.
- `till_rewards` redeems a reward on behalf of a customer who has identified.
- `code_pictures` draws the code of that reward for a scanner.
"""
