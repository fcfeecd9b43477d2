// Icons as SVG paths, 20 by 20 units.

const PLUS = "M10 7v6M7 10h6M3 10a7 7 0 1 0 14 0a7 7 0 1 0-14 0";
const BAG = "M4 7h12l1 10H3zM7 9V6a3 3 0 0 1 6 0v3";

export const ICONS = {
  earn: PLUS,
  redeem: "M3 7h14v3H3zM4 10v7h12v-7M10 7v10M10 7C7 1 2 4 6 7zM10 7c3-6 8-3 4 0z",
  my_rewards: "M3 5h14v3a2 2 0 0 0 0 4v3H3v-3a2 2 0 0 0 0-4zM12 8v1M12 11v1",
  referral: "M5 7a3 3 0 1 0 6 0a3 3 0 1 0-6 0M2 17c0-3 3-5 6-5 1 0 2 0 3 1M15 11v6M12 14h6",
  my_balance: "M3 17h14M5 14v-3M8 14V7M12 14V9M15 14V4",
  order: BAG,
  first_order: BAG,
  join: "M7 7a3 3 0 1 0 6 0a3 3 0 1 0-6 0M4 17c0-3 3-5 6-5s6 2 6 5",
  newsletter: "M3 5h14v11H3zM3 6l7 5 7-5",
  birthday: "M3 17v-6h14v6M2 17h16M10 11V7M10 4v0M3 14c2 1 5-1 7 0s5 1 7 0",
  review: "M3 17l1-4 9-9 3 3-9 9zM11 6l3 3",
  social: "M11 4h5v5M16 4l-7 7M8 5H4v11h11v-4",
  close: "M5 5l10 10M15 5L5 15",
  check: "M4 11l4 4 8-9",
  copy: "M7 7h9v9H7zM13 5V4H4v9h1",
};

export type IconName = keyof typeof ICONS;
