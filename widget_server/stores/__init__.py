"""One adapter per platform: it verifies the signature and translates the body into the generic contract."""
