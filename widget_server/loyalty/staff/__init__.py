"""Staff: the people who use a shop's dashboard, what their role allows, and how they sign in (acceptance 59).

`roles` says who may do what; `accounts` are persons, `members` what a person is in a shop; `links` are one-time links;
`invitations`, `sign_in`, `second_factor` and `sessions` are the ways in; `point_caps` limits what support may give.
"""
