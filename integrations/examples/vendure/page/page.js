// The storefront: Vendure's shop API, and two things of the loyalty program: the friend's code, and "Use it now".
const ORDER = "__typename ... on Order { code totalWithTax couponCodes lines { quantity productVariant { name } } }";
const MESSAGE = "... on ErrorResult { message }";
const friend = new URLSearchParams(location.search).get("ref");
if (friend) localStorage.setItem("friend", friend);

async function api(query, variables = {}) {
  const headers = { "content-type": "application/json" };
  const response = await fetch("/shop-api", { method: "POST", headers, body: JSON.stringify({ query, variables }) });
  const { data, errors } = await response.json();
  if (errors) throw new Error(errors[0].message);
  return Object.values(data)[0];
}

const element = (name, text) => Object.assign(document.createElement(name), { textContent: text });
const at = (id) => document.getElementById(id);

function show(order) {
  at("cart").replaceChildren(
    ...(order?.lines ?? []).map((line) => element("li", `${line.quantity} x ${line.productVariant.name}`)),
    ...(order?.couponCodes ?? []).map((code) => element("li", code)),
  );
  at("total").textContent = order ? (order.totalWithTax / 100).toFixed(2) : "";
}

async function put(id) {
  let order = await api(`mutation ($id: ID!) { addItemToOrder(productVariantId: $id, quantity: 1) { ${ORDER} } }`, { id });
  const code = localStorage.getItem("friend");
  const keep = "setOrderCustomFields(input: { customFields: { friendCode: $code } })";
  if (code) order = await api(`mutation ($code: String) { ${keep} { ${ORDER} } }`, { code });
  show(order);
}

// "Use it now" in the panel: the promise says whether the code is in the cart
document.addEventListener("loyalty:apply-coupon", (event) => {
  const { code } = event.detail;
  const apply = `applyCouponCode(couponCode: $code) { ${ORDER} ${MESSAGE} }`;
  const applied = api(`mutation ($code: String!) { ${apply} }`, { code });
  event.detail.respondWith(applied.then((order) => {
    if (order.__typename !== "Order") return { ok: false, reason: order.message };
    show(order);
    return { ok: true };
  }));
});

at("log-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const login = `login(username: $email, password: $password) { __typename ... on CurrentUser { id } ${MESSAGE} }`;
  const typed = Object.fromEntries(new FormData(event.target));
  const done = await api(`mutation ($email: String!, $password: String!) { ${login} }`, typed);
  if (done.message) at("who").textContent = done.message;
  else location.reload();
});

at("who").textContent = (await api("{ activeCustomer { emailAddress } }"))?.emailAddress ?? "";
for (const { name, variants } of (await api("{ products { items { name variants { id } } } }")).items) {
  const button = element("button", `Add ${name}`);
  button.addEventListener("click", () => put(variants[0].id));
  at("goods").append(button);
}
show(await api(`{ activeOrder { ${ORDER} } }`));
