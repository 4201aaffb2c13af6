"""Long runs under load: many times the market that was recorded, and a venue that hangs up again and again."""
