"""The referrals package: who brought whom, whether it is rewarded, and what both sides got.

- `referral_programs` is what the owner defines; `links` decides which code counts and counts how often each was opened.
- `referrals` is the row of a friend and an advocate; `objections` is why it is not rewarded; `referral_gifts` is what
  it gives and takes back.
- `binding` creates the row when the friend comes; `progress` completes or undoes it when the friend's orders change.
"""
