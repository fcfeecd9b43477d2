"""Letters to customers about their points, coupons and tiers (contracts §25).

`facts` notes in the transaction of a fact that a letter may follow: one job with ids, no text. `writing` runs the job:
it reads what became of the fact, decides which letter it is, and queues it once.
"""
