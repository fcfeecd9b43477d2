-- The demo shop's own tables. An order is stored as the JSON state that is sent (contracts §4).
CREATE TABLE IF NOT EXISTS customers (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  email TEXT NOT NULL UNIQUE,
  email_verified INTEGER NOT NULL DEFAULT 0,
  password_hash TEXT NOT NULL,
  name TEXT NOT NULL,
  phone TEXT,
  birthday TEXT,
  accepts_marketing INTEGER NOT NULL DEFAULT 0,
  referral_code TEXT,
  registered_at TEXT NOT NULL
) STRICT;

-- One number per checkout form, so that a form sent twice makes one order.
CREATE TABLE IF NOT EXISTS order_numbers (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  checkout_key TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE IF NOT EXISTS orders (
  id TEXT PRIMARY KEY,
  token TEXT NOT NULL UNIQUE,
  customer_number INTEGER REFERENCES customers (number),
  address TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS orders_by_customer ON orders (customer_number);

CREATE TABLE IF NOT EXISTS reviews (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  product_id TEXT NOT NULL,
  customer_number INTEGER NOT NULL REFERENCES customers (number),
  stars INTEGER NOT NULL CHECK (stars BETWEEN 1 AND 5),
  words TEXT NOT NULL,
  written_at TEXT NOT NULL,
  UNIQUE (product_id, customer_number)
) STRICT;

CREATE TABLE IF NOT EXISTS outbox (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  message_id TEXT NOT NULL UNIQUE,
  topic TEXT NOT NULL,
  subject TEXT NOT NULL,
  body TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  due_at REAL NOT NULL DEFAULT 0,
  last_error TEXT,
  sent_at TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS outbox_waiting ON outbox (number) WHERE sent_at IS NULL;

CREATE TABLE IF NOT EXISTS sessions (
  digest TEXT PRIMARY KEY,
  data TEXT NOT NULL,
  seen_at REAL NOT NULL
) STRICT;
