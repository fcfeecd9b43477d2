// Made from widget_server/widget/shapes/, requests.py and panel.py by `make types`; do not edit.
// Money is a decimal string in the shop's currency, times are UTC text, points are whole numbers.

export const TABS = ["earn", "redeem", "my_rewards", "referral", "my_balance"] as const;
export type Tab = (typeof TABS)[number];

export interface Accent {
  accent: string;
  on_accent: string;
  ink: string;
}

export interface Theme {
  mode: "light" | "dark" | "auto";
  light: Accent;
  dark: Accent;
  point: string;
}

export interface ShopFacts {
  name: string;
  embed_key: string;
  currency: string;
  timezone: string;
  decimals: number;
  origins: string[];
  sign_in: "widget" | "shop";
  sign_in_url: string | null;
  sign_up_url: string | null;
}

export interface ProgramFacts {
  name: string;
  status: "draft" | "active" | "paused";
  points_name: string | null;
}

export interface Worth {
  points: number;
  money: string;
}

export interface GuestFacts {
  earn: EarnRule[];
  earn_cursor: string | null;
  rewards: Reward[];
  rewards_cursor: string | null;
  referral: ReferralOffer | null;
  worth: Worth | null;
}

export interface Boot {
  shop: ShopFacts;
  program: ProgramFacts;
  locale: string;
  dir: "ltr" | "rtl";
  strings: Record<string, string>;
  theme: Theme;
  guest: GuestFacts;
}

export interface Words {
  words: Record<string, string>;
}

export interface BadgeFigures {
  points: number[];
  balance: number | null;
}

export interface Rate {
  points: number;
  per: string;
}

export interface Limit {
  times: number;
  period: "day" | "month" | "year" | "ever";
}

export interface EarnRule {
  id: string;
  kind: "order" | "first_order" | "join" | "birthday" | "newsletter" | "review" | "social" | "visit" | "custom";
  title: string | null;
  description: string | null;
  points: number | null;
  rate: Rate | null;
  rounding: "floor" | "unit" | "nearest";
  before_tax: boolean;
  multiplier: string | null;
  minimum_subtotal: string | null;
  url: string | null;
  channel: string | null;
  limit: Limit | null;
  state: "open" | "done" | "waiting";
  opens_at: string | null;
}

export interface EarnList {
  rules: EarnRule[];
  next_cursor: string | null;
}

export interface Sliding {
  min_points: number;
  max_points: number | null;
  step_points: number;
  point_value: string;
}

export interface Reward {
  id: string;
  kind: "amount" | "sliding" | "percent" | "free_shipping" | "free_product";
  title: string | null;
  description: string | null;
  cost_points: number;
  amount: string | null;
  percent: string | null;
  product_name: string | null;
  sliding: Sliding | null;
  minimum_subtotal: string | null;
  collections: string[];
  tier_name: string | null;
  ends_at: string | null;
  expires_after_days: number | null;
  combines: boolean;
  available: boolean;
  short_by: number;
  refusal: string | null;
}

export interface RewardList {
  rewards: Reward[];
  next_cursor: string | null;
}

export interface Coupon {
  id: string;
  code: string | null;
  status: "issuing" | "active" | "applied" | "used" | "expired" | "returned" | "revoked" | "failed";
  kind: "amount" | "percent" | "free_shipping" | "free_product";
  title: string | null;
  amount: string | null;
  percent: string | null;
  product_name: string | null;
  cost_points: number;
  minimum_subtotal: string | null;
  collections: string[];
  combines: boolean;
  created_at: string;
  expires_at: string | null;
  ended_at: string | null;
  order_number: string | null;
  return_until: string | null;
  returning: boolean;
  failure: "shop_refused" | "shop_unreachable" | "already_used" | "product_unavailable" | null;
}

export interface CouponPage {
  coupons: Coupon[];
  next_cursor: string | null;
}

export interface Application {
  coupon: Coupon;
  url: string | null;
}

export interface Gift {
  kind: "points" | "amount" | "percent" | "free_shipping" | "free_product";
  points: number | null;
  amount: string | null;
  percent: string | null;
  product_name: string | null;
  minimum_subtotal: string | null;
}

export interface ReferralOffer {
  friend_gets: Gift | null;
  you_get: Gift | null;
  trigger: "registration" | "first_paid_order" | "first_fulfilled_order";
  minimum_subtotal: string | null;
}

export interface Uncounted {
  referral_id: string;
  replied: boolean;
}

export interface Referral {
  offer: ReferralOffer;
  link: string;
  code: string;
  joined: number;
  pending: number;
  completed: number;
  earned_points: number;
  may_enter_code: boolean;
  uncounted: Uncounted | null;
}

export interface QrCode {
  size: number;
  path: string;
}

export interface FriendCode {
  code: string | null;
  keep_days: number;
  needs_consent: boolean;
  gift: boolean;
}

export interface Expiry {
  points: number;
  at: string;
}

export interface TierStanding {
  name: string;
  benefits: string | null;
  multiplier: string | null;
  points: number;
  next_name: string | null;
  next_points: number | null;
  next_missing: number | null;
  next_benefits: string | null;
  ends_at: string | null;
}

export interface Balance {
  available: number;
  pending: number;
  pending_until: string | null;
  debt: number;
  next_expiry: Expiry | null;
  earned: number;
  redeemed: number;
  money_value: string | null;
  tier: TierStanding | null;
}

export interface ReasonCoupon {
  kind: "amount" | "percent" | "free_shipping" | "free_product";
  amount: string | null;
  percent: string | null;
  product_name: string | null;
}

export interface Reason {
  code:
    | "order"
    | "first_order"
    | "join"
    | "birthday"
    | "newsletter"
    | "review"
    | "social"
    | "visit"
    | "custom"
    | "order_refunded"
    | "order_cancelled"
    | "order_changed"
    | "debt_repaid"
    | "redeemed"
    | "returned"
    | "not_issued"
    | "gift"
    | "adjusted"
    | "merged"
    | "expired"
    | "referral_advocate"
    | "referral_friend"
    | "referral_undone";
  order_number: string | null;
  title: string | null;
  comment: string | null;
  coupon: ReasonCoupon | null;
}

export interface Why {
  base: string | null;
  rate: Rate | null;
  fixed_points: number | null;
  multiplier: string | null;
  rounding: "floor" | "unit" | "nearest" | null;
  capped: boolean;
  includes_shipping: boolean;
  wait_days: number | null;
}

export interface HistoryRow {
  id: string;
  points: number;
  state: "booked" | "waiting";
  due_at: string | null;
  at: string;
  reason: Reason;
  why: Why;
}

export interface OrderWithoutPoints {
  number: string;
  placed_at: string;
  reason: "other_currency" | "program_not_active" | "before_program";
}

export interface History {
  rows: HistoryRow[];
  next_cursor: string | null;
  orders_without_points: OrderWithoutPoints[];
  till: boolean;
}

export interface MyBalance {
  balance: Balance;
  history: History;
}

export interface Barcode {
  width: number;
  height: number;
  path: string;
}

export interface TillCode {
  code: string;
  qr: QrCode;
  barcode: Barcode;
  expires_at: string;
}

export interface Member {
  name: string | null;
  email: string | null;
  email_verified: boolean;
  can_verify_email: boolean;
  birthday: string | null;
  has_password: boolean;
}

export interface MemberPanel {
  member: Member;
  balance: Balance;
  unseen: number;
  earn: EarnRule[] | null;
  rewards: Reward[] | null;
  my_rewards: CouponPage | null;
  referral: Referral | null;
  history: History | null;
  next_cursor: string | null;
}

export interface Challenge {
  challenge: string;
  expires_at: string;
}

export interface Session {
  token: string;
  expires_at: string;
  member: Member;
  referral: "bound" | "blocked" | null;
  device: string | null;
}

export interface ListedSession {
  browser: string | null;
  created_at: string;
  last_used_at: string | null;
  is_this: boolean;
}

export interface SessionList {
  sessions: ListedSession[];
}

export interface Redemption {
  coupon: Coupon;
  balance: Balance;
}

export interface Clicked {
  balance: Balance;
  rule: EarnRule;
}

export interface Visited {
  points: number;
  balance: Balance;
}

export interface BirthdaySet {
  member: Member;
  rule: EarnRule | null;
}

export interface RefusalFacts {
  code: string;
  message: string;
  field: string | null;
  needs: number | null;
  has: number | null;
  retry_after_seconds: number | null;
}

export interface Refusal {
  error: RefusalFacts;
}

export interface BadgePrice {
  product_id: string | null;
  collection_ids: string[];
  price: string;
  tax: string | null;
}

export interface IdentityBody {
  token: string;
  join: boolean;
  referral_code: string | null;
}

export interface SignUpBody {
  email: string;
  name: string | null;
  password: string | null;
  referral_code: string | null;
  accepts_marketing: boolean;
}

export interface EmailBody {
  email: string;
  referral_code: string | null;
}

export interface VerificationBody {
  challenge: string;
  code: string;
}

export interface ConfirmBody {
  challenge: string;
  code: string;
  device: string | null;
}

export interface SignInBody {
  email: string;
  password: string;
  referral_code: string | null;
  device: string | null;
}

export interface NewPasswordBody {
  challenge: string;
  code: string;
  password: string;
  device: string | null;
}

export interface BirthdayBody {
  birthday: string;
}

export interface RedeemBody {
  reward_id: string;
  points: number | null;
}

export interface CodeBody {
  code: string;
}

export interface ReplyBody {
  referral_id: string;
  text: string;
}

export interface ApplyBody {
  in_cart: boolean;
}

export interface FriendCodeBody {
  kept: string | null;
  found: string[];
}

export interface BadgesBody {
  items: BadgePrice[];
  token: string | null;
}
