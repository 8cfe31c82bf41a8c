"""The demo region: invented companies and seeded data around three true municipalities."""
