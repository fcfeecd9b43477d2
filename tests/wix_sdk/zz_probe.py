import json
import pytest
from tests.wix_sdk.actors import Site
from tests.wix_sdk.conftest import *
from tests.wix_sdk.test_rewards import *
from tests.wix_sdk.test_earning_rules import rule
from tests.wix_sdk.test_accounts import earns
for n in list(globals()):
    if n.startswith("test_"): del globals()[n]

def tryit(name, f):
    try:
        r = f(); print("OK ", name, json.dumps(r, default=str)[:700])
    except Exception as e:
        print("ERR", name, str(e)[:900])
    return None

def test_probe(site: Site):
    o = site.owner
    r = o.rewards.createReward(coupon_reward())
    tryit("handback reward", lambda: o.rewards.updateReward(r["_id"], {k:v for k,v in r.items() if k!="_id"}))
    r = o.rewards.getReward(r["_id"])
    tryit("handback reward whole with _id", lambda: o.rewards.updateReward(r["_id"], {**r}))
    d = o.rewards.createReward(discount())
    tryit("handback discount", lambda: o.rewards.updateReward(d["_id"], {k:v for k,v in d.items() if k!="_id"}))
    er = o.earningRules.createLoyaltyEarningRule(rule())
    tryit("handback rule", lambda: o.earningRules.updateLoyaltyEarningRule(er["_id"], {k:v for k,v in er.items() if k!="_id"}))
    s = o.tiers.getTiersProgramSettings()["programSettings"]
    tryit("handback settings", lambda: o.tiers.updateTiersProgramSettings(s))
    t = o.tiers.createTier({"tierDefinition": {"name": "Gold", "icon": "wix:image://v1/11062b_8a/leaf.png#originWidth=32&originHeight=24"}, "requiredPoints": 100})
    tryit("tier icon", lambda: o.tiers.getTier(t["_id"])["tierDefinition"])
    for kw in ({"limitedToOneItem": True}, {"appliesToSubscriptions": True, "discountedCycleCount": 3}, {"scope": {"namespace": "stores", "group": {"name": "product", "entityId": "p1"}}}, {"scope": {"namespace":"stores"}}, {"scope": {"namespace":"bookings"}}):
        rr = None
        tryit(f"coupon {kw}", lambda: o.rewards.createReward(coupon_reward("c", **{"fixedAmount": {"configsByTier":[{"costInPoints":5,"amount":1}]}, **kw})))
    tryit("tiers reward", lambda: o.rewards.createReward(coupon_reward("t", fixedAmount={"configsByTier":[{"costInPoints":5,"amount":1},{"tierId":t["_id"],"costInPoints":4,"amount":2}]})))
    tryit("tier only reward", lambda: o.rewards.createReward(coupon_reward("t2", fixedAmount={"configsByTier":[{"tierId":t["_id"],"costInPoints":4,"amount":2}]})))
    tryit("percent 12.5", lambda: o.rewards.createReward(coupon_reward("p", percentage={"configsByTier":[{"costInPoints":5,"percentage":12.5}]})))
    tryit("percent 120", lambda: o.rewards.createReward(coupon_reward("p", percentage={"configsByTier":[{"costInPoints":5,"percentage":120}]})))
    tryit("reward without type", lambda: o.rewards.createReward({"name":"x","active":True,"couponReward":{"freeShipping":{"configsByTier":[{"costInPoints":5}]}}}))
    tryit("reward name only", lambda: o.rewards.createReward({"name":"x"}))
    tryit("reward type only", lambda: o.rewards.createReward({"name":"x","type":"COUPON_REWARD"}))
    tryit("update name only", lambda: o.rewards.updateReward(d["_id"], {"revision": o.rewards.getReward(d["_id"])["revision"], "name":"New"}))
    tryit("update active only", lambda: o.rewards.updateReward(d["_id"], {"revision": o.rewards.getReward(d["_id"])["revision"], "active":False}))
    tryit("update no revision", lambda: o.rewards.updateReward(d["_id"], {"name":"New"}))
    tryit("rule update no revision", lambda: o.earningRules.updateLoyaltyEarningRule(er["_id"], {"title":"New"}))
    tryit("rule delete no revision", lambda: o.earningRules.deleteLoyaltyEarningRule(er["_id"]))
    tryit("custom no rule", lambda: o.earningRules.createCustomLoyaltyEarningRule("BIRTHDAY"))
    tryit("custom no rule social", lambda: o.earningRules.createCustomLoyaltyEarningRule("SOCIAL_MEDIA", {}))
    tryit("custom title only", lambda: o.earningRules.createCustomLoyaltyEarningRule("BIRTHDAY", {"earningRule": {"title":"B"}}))
    tryit("custom no title", lambda: o.earningRules.createCustomLoyaltyEarningRule("BIRTHDAY", {"earningRule": {"fixedAmount":{"configs":[{"points":5}]}}}))
    tryit("rule field", lambda: o.earningRules.createLoyaltyEarningRule(rule(conversionRate={"configs":[{"moneyAmount":1,"points":2}],"field":"total"})))
    tryit("rule tier only", lambda: o.earningRules.createLoyaltyEarningRule(rule(fixedAmount={"configs":[{"tierId":t["_id"],"points":2}]})))
    tryit("rule 0 points", lambda: o.earningRules.createLoyaltyEarningRule(rule(fixedAmount={"configs":[{"points":0}]})))
    tryit("settings create bare", lambda: o.tiers.createTiersProgramSettings({}))
    tryit("tier no desc patch", lambda: o.tiers.updateTier(t["_id"], {"revision": t["revision"], "tierDefinition": {"name":"Golden"}}))
    tryit("tier delete in use", lambda: o.tiers.deleteTier(t["_id"], str(int(t["revision"])+1)))
    tryit("bulk empty", lambda: o.tiers.bulkCreateTiers([]))
    tryit("bulk 21", lambda: o.tiers.bulkCreateTiers([{"tierDefinition": {"name": f"T{i}"}, "requiredPoints": i+1} for i in range(21)]))
    tryit("rewards 11", lambda: o.rewards.bulkCreateRewards([coupon_reward(f"R{i}") for i in range(11)]))
    ann = site.world.member(); a = site.account(ann)
    tryit("earn float", lambda: o.accounts.earnPoints(a, {"amount": 1.5, "appId":"a","idempotencyKey":"k"}))
    tryit("earn", lambda: o.accounts.earnPoints(a, {"amount": 5, "appId":"my-app","idempotencyKey":"k"}))
    tryit("adjust nothing", lambda: o.accounts.adjustPoints(a, {}))
    tryit("adjust same balance", lambda: o.accounts.adjustPoints(a, {"balance": 5}))
    tryit("adjust long desc", lambda: o.accounts.adjustPoints(a, {"balance": 5, "description": "x"*101}))
    tryit("adjust rev 0", lambda: o.accounts.adjustPoints(a, {"amount": 5, "revision": "0"}))
    tryit("getAccount junk", lambda: o.accounts.getAccount("junk"))
    tryit("getAccount unicode", lambda: o.accounts.getAccount("ä/ö?x=1"))
    tryit("fetch-by both", lambda: o.accounts.getAccountBySecondaryId({"contactId": ann.id, "memberId": ann.id}))
    tryit("list 51", lambda: o.accounts.listAccounts({"contactIds": [ann.id]*51}))
    tryit("list limit 0", lambda: o.accounts.listAccounts({"cursorPaging": {"limit":0}}))
    tryit("createAccount junk", lambda: o.accounts.createAccount("junk"))
    tryit("count bad", lambda: o.accounts.countAccounts({"filter": {"nothing": 1}}))
    tryit("search fuzzy", lambda: o.accounts.searchAccounts({"search": {"expression": "anm", "fuzzy": True}}))
    tryit("search long", lambda: o.accounts.searchAccounts({"search": {"expression": "a"*101}}))
    tryit("search bad field", lambda: o.accounts.searchAccounts({"search": {"expression": "a", "fields": ["points"]}}))
    tryit("agg dates", lambda: o.accounts.searchAccounts({"timeZone":"Europe/Berlin","aggregations":[{"name":"d","type":"DATE_HISTOGRAM","fieldPath":"lastActivityDate","dateHistogram":{"interval":"MONTH"}},{"name":"u","type":"SCALAR","fieldPath":"_updatedDate","scalar":{"type":"MIN"}},{"name":"c","type":"SCALAR","fieldPath":"contact._id","scalar":{"type":"COUNT_DISTINCT"}}]})["aggregationData"])
    tryit("agg nested", lambda: o.accounts.searchAccounts({"aggregations":[{"name":"n","type":"NESTED","nested":{"nestedAggregations":[{"name":"a","type":"VALUE","fieldPath":"points.balance","value":{}},{"name":"b","type":"SCALAR","fieldPath":"points.redeemed","scalar":{"type":"MAX"}}]}}]})["aggregationData"])
    tryit("program name long", lambda: o.programs.updateLoyaltyProgram({"name":"x"*51}))
    tryit("program empty", lambda: o.programs.updateLoyaltyProgram({}))
    tryit("program unknown", lambda: o.programs.updateLoyaltyProgram({"colour":"red"}))
    tryit("points name empty", lambda: o.programs.updateLoyaltyProgram({"pointDefinition":{"customName":""}}))
    tryit("coupon bulk q", lambda: o.coupons.bulkGetLoyaltyCoupon({"query":{"filter":{"status":{"$in":["ACTIVE","APPLIED"]}},"sort":[{"fieldName":"_createdDate"}]}}))
    tryit("coupon query by status bad", lambda: o.coupons.queryLoyaltyCoupons({"filter":{"status":"NOPE"}}))
    tryit("coupon query couponReference", lambda: o.coupons.queryLoyaltyCoupons({"filter":{"couponReference.code":"X"}}))
    tryit("redeem unknown reward", lambda: o.coupons.redeemPointsForCoupon("99999999-1111-2222-3333-444444444444", {"loyaltyAccountId": a}))
    tryit("redeem no account", lambda: o.coupons.redeemPointsForCoupon(r["_id"], {}))
    tryit("redeem discount as coupon", lambda: o.coupons.redeemPointsForCoupon(d["_id"], {"loyaltyAccountId": a}))
    tryit("checkout none", lambda: site.member(ann).checkoutExchange.applyDiscountToCheckout(CHECKOUT, {}))
    tryit("checkout junk id", lambda: site.member(ann).checkoutExchange.applyDiscountToCheckout("cart-1", {"reward":{"_id":d["_id"],"pointsToSpend":5,"revision":d["revision"]}}))
    tryit("import empty", lambda: o.imports.createLoyaltyImport("", {}))
    tryit("totals", lambda: o.accounts.getProgramTotals())
